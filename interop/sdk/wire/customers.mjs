// The customer itself, and the workspace's customers.

import assert from 'node:assert/strict';
import { denied, ids, notFound } from '../support.mjs';

const calls = [
  'GET /self',
  'PATCH /self {name,fields}',
  'GET /customers',
  'GET /customers -> 403',
  'GET /customers?search',
  'GET /customers?limit=1000&cursor=0',
  'POST /customers {name,internalId,fields,credentials}',
  'GET /customers/:t',
  'GET /customers/:t -> 403',
  'GET /customer?id',
  'PATCH /customers/:t {name}',
  'PUT /customers/:t {*}',
  'DELETE /customers/:t',
  'POST /customers/:t/restore',
];

function checks(check, { tag, me, manager, client, other }) {
  check('self.patch changes the customer alone that asks', async () => {
    const patched = await client.self.patch({ name: 'Acme', fields: { a: 1 } });
    assert.deepEqual([patched.name, patched.fields, patched.internalId], ['Acme', { a: 1 }, me]);
    const self = await client.self.get();
    assert.deepEqual([self.name, self.fields, self.id], ['Acme', { a: 1 }, patched.id]);
    const seen = await manager.customer(patched.id).get();
    assert.deepEqual([seen.name, seen.fields, seen.internalId], ['Acme', { a: 1 }, me]);
    assert.notEqual((await other.self.get()).name, 'Acme');
  });
  check('self.patch says no more of a customer than it may', async () => {
    const { id } = await client.self.patch({ internalId: 'somebody-else', isTest: true });
    const seen = await manager.customer(id).get();
    assert.deepEqual([seen.internalId, seen.isTest], [me, false]);
  });
  let made;
  check('customers.create, with the workspace’s own id for it', async () => {
    made = await manager.customers.create({
      name: `Made ${tag}`, internalId: `made-${tag}`, fields: { plan: 'pro' }, credentials: { token: `mine-${tag}` },
    });
    assert.ok(made.id !== made.internalId && made.createdAt);
    assert.deepEqual([made.name, made.internalId, made.fields], [`Made ${tag}`, `made-${tag}`, { plan: 'pro' }]);
    assert.ok(!JSON.stringify(made).includes(`mine-${tag}`));
  });
  check('customer.get by id, by the workspace’s id, by an object', async () => {
    assert.equal((await manager.customer(made.id).get()).fields.plan, 'pro');
    assert.equal((await manager.customer(made.internalId).get()).id, made.id);
    assert.equal((await manager.customer({ id: made.id }).get()).internalId, made.internalId);
  });
  check('customers.find, findAll', async () => {
    assert.deepEqual(ids((await manager.customers.find({ search: `Made ${tag}` })).items), [made.id]);
    assert.ok((await manager.customers.find()).items.length > 0);
    assert.ok(ids(await manager.customers.findAll()).includes(made.id));
  });
  check('customer.patch merges, put replaces', async () => {
    const patched = await manager.customer(made.id).patch({ name: 'Renamed' });
    assert.deepEqual([patched.name, patched.fields], ['Renamed', { plan: 'pro' }]);
    const { fields, ...rest } = patched;
    const put = await manager.customer(made.id).put({ ...rest, name: 'Replaced' });
    assert.deepEqual([put.id, put.name, put.internalId, put.fields], [made.id, 'Replaced', made.internalId, undefined]);
    assert.equal((await manager.customer(made.id).get()).fields, undefined);
  });
  check('customer.archive, restore', async () => {
    await manager.customer(made.id).archive();
    await notFound(() => manager.customer(made.id).get());
    assert.equal((await manager.customer(made.id).restore()).archivedAt, undefined);
    assert.equal((await manager.customer(made.id).get()).name, 'Replaced');
    await manager.customer(made.id).archive();
  });
  check('customers are the workspace’s', async () => {
    await denied(() => client.customers.find());
    await denied(() => client.customers.create({ name: 'x' }));
    await denied(() => client.customer(made.id).get());
    await denied(() => client.customer(made.id).patch({ name: 'x' }));
  });
}

export const customers = { subject: 'self and customers', calls, checks };

function keeps(check, { tag, manager, client }) {
  check('self.patch keeps credentials, for the workspace to read', async () => {
    const { id, credentials } = await client.self.patch({ credentials: { apiKey: `secret-${tag}` } });
    assert.equal(credentials, undefined);
    assert.equal((await manager.customer(id).get()).credentials, undefined);
    const shown = await manager.get(`/customers/${id}`, { includeSecrets: true });
    assert.deepEqual(shown.credentials, { apiKey: `secret-${tag}` });
    assert.equal(shown.name, (await client.self.get()).name, 'the rest stays');
  });
}

export const credentials = {
  subject: 'credentials of customers',
  calls: ['PATCH /self {credentials}', 'GET /customers/:t?includeSecrets=true'],
  checks: keeps,
};
