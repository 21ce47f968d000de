// Events of the product: their types, and a customer's subscriptions.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { denied, ids, notFound } from '../support.mjs';

const calls = [
  'GET /app-event-types',
  'GET /app-event-types?search',
  'GET /app-event-types?limit=1000&cursor=0',
  'POST /app-event-types {name,key,schema,example,subscribeRequest}',
  'GET /app-event-types/:t',
  'PATCH /app-event-types/:t {name}',
  'PATCH /app-event-types/:t {name} -> 403',
  'PUT /app-event-types/:t {*}',
  'DELETE /app-event-types/:t',
  'POST /app-event-types/:t/restore',
  'GET /app-event-subscriptions',
  'GET /app-event-subscriptions?isSubscribed=true',
  'POST /app-event-subscription?appEventTypeKey {schema}',
  'GET /app-event-subscription?appEventTypeKey&autoCreate=true',
  'GET /app-event-subscription?appEventTypeKey',
  'GET /app-event-subscription?id',
  'PATCH /app-event-subscription?id {schema}',
  'PUT /app-event-subscription?id {*}',
  'DELETE /app-event-subscription?id',
  'POST /app-event-subscription/restore?id',
];
const subscribing = [
  'POST /app-event-subscription/subscribe?id',
  'POST /app-event-subscription/subscribe?appEventTypeKey&autoCreate=true',
];

const schema = { type: 'object', properties: { invoiceId: { type: 'string' } } };

function checks(check, { tag, me, manager, client, other }) {
  const key = `invoice-paid-${tag}`;
  const fields = {
    name: 'Invoice paid', key, schema, example: { invoiceId: '7' },
    subscribeRequest: { method: 'POST', uri: 'https://product.example/hooks', body: { to: '{{webhookUri}}' } },
  };
  let type;
  let id;

  check('appEventTypes: create, find, get', async () => {
    await denied(() => client.appEventTypes.create(fields));
    type = await manager.appEventTypes.create(fields);
    assert.deepEqual([type.key, type.schema, type.example], [key, schema, { invoiceId: '7' }]);
    assert.ok(type.webhookKey.length >= 16);
    assert.ok(type.globalWebhookUri.endsWith(`/webhooks/app-events/${type.webhookKey}`));
    assert.equal((await manager.appEventType(key).get()).id, type.id);
    assert.deepEqual(ids((await manager.appEventTypes.find({ search: key })).items), [type.id]);
    assert.ok((await manager.appEventTypes.find()).items.length > 0);
    assert.ok(ids(await manager.appEventTypes.findAll()).includes(type.id));
  });
  check('appEventType: patch, put, archive, restore', async () => {
    await denied(() => client.appEventType(key).patch({ name: 'Mine' }));
    await denied(() => client.appEventType(key).archive());
    const patched = await manager.appEventType(key).patch({ name: 'Paid' });
    assert.deepEqual([patched.name, patched.webhookKey], ['Paid', type.webhookKey]);
    const { example, ...whole } = await manager.appEventType(key).get();
    const put = await manager.appEventType(type.id).put({ ...whole, name: 'Invoice paid' });
    assert.deepEqual([put.id, put.example, put.webhookKey, put.schema], [type.id, undefined, type.webhookKey, schema]);
    await manager.appEventType(type.id).archive();
    await notFound(() => manager.appEventType(key).get());
    assert.equal((await manager.appEventType(type.id).restore()).key, key);
  });
  check('appEventSubscription: made by asking for it, one a customer', async () => {
    await notFound(() => client.appEventSubscription({ appEventTypeKey: key }).get());
    const made = await client.appEventSubscription({ appEventTypeKey: key, autoCreate: true }).get();
    assert.deepEqual([made.appEventTypeId, made.userId, made.isSubscribed], [type.id, me, false]);
    assert.ok(made.webhookUri.startsWith(type.globalWebhookUri));
    assert.deepEqual(made.subscriptionRequest.body, { to: made.webhookUri });
    ({ id } = made);
    assert.equal((await client.appEventSubscription({ appEventTypeKey: key }).get()).id, id);
    assert.equal(await client.appEventSubscription({ appEventTypeKey: key }).getId(), id);
    assert.equal((await client.appEventSubscription(id).get()).webhookUri, made.webhookUri);
    const theirs = await other.appEventSubscription({ appEventTypeKey: key, autoCreate: true }).get();
    assert.ok(theirs.id !== id && theirs.webhookUri !== made.webhookUri);
    await notFound(() => other.appEventSubscription(id).get());
    assert.ok(ids((await client.appEventSubscriptions.find()).items).includes(id));
    assert.ok(!ids((await other.appEventSubscriptions.find()).items).includes(id));
    assert.ok(!ids((await client.appEventSubscriptions.find({ isSubscribed: true })).items).includes(id));
  });
  check('appEventSubscription: patch, put', async () => {
    const own = { type: 'object', properties: { amount: { type: 'number' } } };
    assert.deepEqual((await client.appEventSubscription(id).patch({ schema: own })).schema, own);
    const whole = await client.appEventSubscription(id).get();
    assert.deepEqual([whole.schema, whole.appEventTypeId], [own, type.id]);
    const put = await client.appEventSubscription(id).put({ ...whole, schema });
    assert.deepEqual([put.id, put.schema, put.webhookUri], [id, schema, whole.webhookUri]);
    await notFound(() => other.appEventSubscription(id).patch({ schema }));
  });
  check('appEventSubscription: archive, restore, delete, and made with fields', async () => {
    await notFound(() => other.appEventSubscription(id).archive());
    await client.appEventSubscription(id).archive();
    await notFound(() => client.appEventSubscription(id).get());
    assert.equal((await client.appEventSubscription(id).restore()).id, id);
    await client.appEventSubscription(id).delete();
    await notFound(() => client.appEventSubscription(id).get());
    const made = await client.appEventSubscription({ appEventTypeKey: key }).create({ schema });
    assert.deepEqual([made.appEventTypeId, made.userId, made.schema], [type.id, me, schema]);
    assert.equal((await client.appEventSubscription({ appEventTypeKey: key }).get()).id, made.id);
  });
}

function subscribes(check, { tag, manager, client, other }) {
  check('subscribe asks the product, and notes what it answered', async () => {
    const asked = [];
    const product = createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      asked.push({ target: `${request.method} ${request.url}`, body: JSON.parse(Buffer.concat(parts)) });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"hook":"h1"}');
    });
    await new Promise((resolve) => product.listen(0, '127.0.0.1', resolve));
    try {
      const key = `order-${tag}`;
      const uri = `http://127.0.0.1:${product.address().port}/hooks`;
      const subscribeRequest = { method: 'POST', uri, body: { to: '{{webhookUri}}' } };
      await manager.appEventTypes.create({ name: 'Order', key, subscribeRequest });
      await client.appEventSubscription({ appEventTypeKey: key, autoCreate: true }).subscribe();
      const { id, webhookUri, ...after } = await client.appEventSubscription({ appEventTypeKey: key }).get();
      assert.deepEqual(asked, [{ target: 'POST /hooks', body: { to: webhookUri } }]);
      assert.equal(after.isSubscribed, true);
      assert.match(JSON.stringify(after.subscriptionResponse), /h1/);
      await notFound(() => other.appEventSubscription(id).subscribe());
      await client.appEventSubscription(id).subscribe();
      assert.equal((await client.appEventSubscription(id).get()).isSubscribed, true);
    } finally {
      product.close();
    }
  });
}

export const events = { subject: 'app events', calls, checks };
export const eventSubscribing = {
  subject: 'subscribing to app events',
  calls: subscribing,
  checks: subscribes,
  methods: ['AppEventSubscriptionAccessor.subscribe'],
};
