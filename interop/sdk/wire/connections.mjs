// Connections and their life.

import assert from 'node:assert/strict';
import { ConnectionError } from '@membranehq/sdk';
import { denied, ids, keys, notFound, taskKey, throws } from '../support.mjs';

const calls = [
  'GET /connections',
  'GET /connections?integrationKey&disconnected=false',
  'POST /connections {integrationKey,credentials,name,allowMultipleConnections}',
  'GET /connections/:c?includeSecrets=false',
  'GET /connections/:c?includeSecrets=true',
  'GET /connections/:c?autoRecreate=true',
  'GET /connections/:c',
  'PATCH /connections/:c {name}',
  'PUT /connections/:c {*}',
  'DELETE /connections/:c',
  'GET /connections/:c/actions',
  'GET /connections/:c/actions?search&limit=3&x&b=false',
  'GET /connections/:c/operations/:op',
  'POST /connections/:c/operations/:op/run {input}',
  'POST /connections/:c/execute-request {key,payload}',
];

function checks(check, { wire, tag, me, manager, client, other, tasks, crm, theirs }) {
  let made;

  check('connections.create', async () => {
    made = await client.connections.create({
      integrationKey: 'taskly', credentials: { token: taskKey }, name: 'c', allowMultipleConnections: true,
    });
    assert.deepEqual([made.name, made.connected, made.disconnected, made.userId], ['c', true, false, me]);
    assert.ok(made.id !== tasks && made.createdAt && made.updatedAt && made.integration.key === 'taskly');
    assert.equal(made.credentials, undefined);
    assert.equal((await client.connection(made.id).get()).id, made.id);
  });
  check('connections.create with credentials the app refuses', async () => {
    const before = (await client.connections.find()).items.length;
    const credentials = { token: 'wrong' };
    await throws(() => client.connections.create({ integrationKey: 'taskly', credentials }), ConnectionError);
    assert.equal((await client.connections.find()).items.length, before, 'nothing is left of it');
  });
  check('connections.find: the customer’s own', async () => {
    assert.deepEqual(ids((await client.connections.find()).items).sort(), [tasks, crm, made.id].sort());
    assert.deepEqual(ids((await other.connections.find()).items), [theirs]);
    const some = await client.connections.find({ integrationKey: 'contactly', userId: '', disconnected: false });
    assert.deepEqual(ids(some.items), [crm]);
    assert.deepEqual((await client.connections.find({ disconnected: true })).items, []);
  });
  check('connection.get: its query goes along, and no secret comes back', async () => {
    const of = (given, ...query) => wire.during(() => client.connection(given).get(...query));
    const plain = await of(tasks);
    assert.deepEqual(plain.lines, [`GET /connections/${tasks}?includeSecrets=false`]);
    for (const { value } of [plain, await of(tasks, {}), await of(tasks, { autoRecreate: true })]) {
      assert.deepEqual([value.id, value.credentials], [tasks, undefined]);
      assert.ok(!JSON.stringify(value).includes(taskKey));
    }
    await denied(() => client.connection(tasks).get({ includeSecrets: true }));
    assert.equal((await manager.connection(tasks).get({ includeSecrets: true })).credentials.token, taskKey);
  });
  check('connection by the key of its integration is the customer’s own', async () => {
    assert.equal((await other.connection('taskly').get()).id, theirs);
    assert.equal((await client.connection('contactly').get()).id, crm);
  });
  check('connection.patch, put', async () => {
    assert.equal((await client.connection(made.id).patch({ name: 'n2' })).name, 'n2');
    await client.connection(made.id).patch({ meta: { a: 1 }, key: `key-${tag}` });
    const whole = await client.connection(`key-${tag}`).get();
    assert.deepEqual([whole.id, whole.name, whole.meta], [made.id, 'n2', { a: 1 }]);
    const { meta, ...rest } = whole;
    const put = await client.connection(made.id).put({ ...rest, name: 'n3' });
    assert.deepEqual([put.id, put.name, put.meta, put.connected], [made.id, 'n3', undefined, true]);
    const title = `After a put ${tag}`;
    assert.equal((await client.connection(made.id).proxy.post('v1/tasks', { title })).title, title, 'it still works');
  });
  check('connection.actions.list, also with empty values in the query', async () => {
    const all = await client.connection(tasks).actions.list();
    assert.ok(keys(all.items).includes('create-task'));
    const given = { search: '', limit: 3, x: '', b: false };
    const { value, lines } = await wire.during(() => client.connection(tasks).actions.list(given));
    assert.deepEqual(lines, [`GET /connections/${tasks}/actions?search=&limit=3&x=&b=false`]);
    assert.equal(value.items.length, 3);
  });
  check('connection.operation.get, run', async () => {
    const operation = client.connection(tasks).operation('create-task');
    assert.deepEqual((await operation.get()).inputSchema.required, ['title']);
    const { output } = await operation.run({ input: { title: `Run ${tag}` } });
    assert.equal((await client.connection(tasks).proxy.get(`v1/tasks/${output.id}`)).title, `Run ${tag}`);
    await notFound(() => client.connection(tasks).operation('nothing').get());
    await notFound(() => other.connection(tasks).operation('get-me').run({ input: {} }));
  });
  check('connectionRequest runs what the connector has under a key', async () => {
    const { lines } = await wire.during(() => client.connectionRequest(tasks, 'x', {}));
    assert.deepEqual(lines, [`POST /connections/${tasks}/execute-request`]);
    const answer = await client.connectionRequest(tasks, 'create-task', { title: `Requested ${tag}` });
    assert.match(JSON.stringify(answer), new RegExp(`Requested ${tag}`));
    await notFound(() => other.connectionRequest(tasks, 'get-me', {}));
  });
  check('another customer’s connection is not there', async () => {
    await notFound(() => other.connection(made.id).get());
    await notFound(() => other.connection(made.id).patch({ name: 'x' }));
    await notFound(() => other.connection(made.id).put({ name: 'x' }));
    await notFound(() => other.connection(made.id).archive());
    await notFound(() => other.connection(made.id).actions.list());
  });
  check('connection.archive', async () => {
    await client.connection(made.id).archive();
    await notFound(() => client.connection(made.id).get());
    assert.deepEqual(ids((await client.connections.find()).items).sort(), [tasks, crm].sort());
    const archived = (await client.connections.find({ includeArchived: true })).items.find(({ id }) => id === made.id);
    assert.ok(archived.archivedAt);
  });
}

export const connections = { subject: 'connections', calls, checks };

function refreshes(check, { client, other, tasks }) {
  check('connection.refreshCredentials: where nothing can be refreshed they stay as they are', async () => {
    const before = await client.connection(tasks).get();
    await client.connection(tasks).refreshCredentials();
    const { connected, name } = await client.connection(tasks).get();
    assert.deepEqual([connected, name], [true, before.name]);
    assert.ok((await client.connection(tasks).proxy.get('v1/me')).email);
    await notFound(() => other.connection(tasks).refreshCredentials());
  });
}

export const refreshing = {
  subject: 'refreshing credentials',
  calls: ['POST /connections/:c/refresh-credentials'],
  checks: refreshes,
  methods: ['ConnectionAccessor.refreshCredentials'],
};
