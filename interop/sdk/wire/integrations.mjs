// Integrations, and what their connectors can do.

import assert from 'node:assert/strict';
import { denied, ids, keys, notFound, taskUrl } from '../support.mjs';

const calls = [
  'GET /integrations',
  'GET /integrations?search=sl+ack&limit=10&cursor=0',
  'GET /integrations?limit=1000&cursor=0',
  'POST /integrations {name,key,connectorKey,parameters}',
  'POST /integrations {name,key,connectorKey} -> 403',
  'GET /integrations/:slack',
  'GET /integration?key',
  'PATCH /integrations/:slack {name}',
  'PATCH /integrations/:slack {name} -> 403',
  'PUT /integrations/:slack {*}',
  'DELETE /integrations/:slack',
  'DELETE /integrations/:slack -> 403',
  'POST /integrations/:slack/restore',
  'POST /integrations/:slack/setup',
  'POST /integrations/[object%20Object]/setup -> 404',
  'GET /integrations/:slack/connector-spec',
  'GET /integrations/:slack/operations',
  'GET /integration/operations?key',
  'GET /integrations/:slack/operations/:op',
  'GET /integration/operations/:op?key',
  'GET /integrations/:slack/data',
  'GET /integration/data?key',
  'GET /integrations/:slack/data/:contacts',
  'GET /integrations/:slack/actions',
  'GET /integrations/:slack/actions/:x',
];

function checks(check, { tag, manager, client, other, tasks, wire }) {
  const key = `wire-${tag}`;
  let made;

  check('integrations.find: what the workspace has, with the caller’s own connection', async () => {
    const { items } = await client.integrations.find();
    const taskly = items.find((item) => item.key === 'taskly');
    assert.ok(taskly.id && taskly.name === 'Taskly' && taskly.connection.id === tasks);
    const theirs = (await other.integrations.find()).items.find((item) => item.key === 'taskly');
    assert.ok(theirs.connection.id !== tasks);
  });
  check('integrations.create is the workspace’s, and all customers see it', async () => {
    await denied(() => client.integrations.create({ name: 'x', key, connectorKey: 'taskly' }));
    made = await manager.integrations.create({
      name: `Sl ack ${tag}`, key, connectorKey: 'taskly', parameters: { apiUri: taskUrl },
    });
    assert.deepEqual([made.key, made.name, made.state], [key, `Sl ack ${tag}`, 'READY']);
    assert.equal((await other.integration(key).get()).id, made.id);
  });
  check('integrations.find with search, limit and cursor', async () => {
    const { items } = await client.integrations.find({ search: 'sl ack', limit: 10, cursor: '0' });
    assert.ok(keys(items).includes(key) && !keys(items).includes('taskly'));
  });
  check('integrations.findAll begins with the cursor 0', async () => {
    const { value, lines } = await wire.during(() => client.integrations.findAll());
    assert.deepEqual(lines, ['GET /integrations?limit=1000&cursor=0']);
    assert.ok(keys(value).includes(key) && keys(value).includes('contactly'));
  });
  check('integration(text).get and integration({key}).get', async () => {
    const byText = await client.integration(key).get();
    const byKey = await client.integration({ key }).get();
    assert.deepEqual([byText.id, byKey.id], [made.id, made.id]);
    assert.equal((await client.integration(made.id).get()).key, key);
    assert.equal(byText.parameters, undefined, 'parameters are the product’s');
  });
  check('integration.patch merges, put replaces', async () => {
    await denied(() => client.integration(key).patch({ name: 'Mine' }));
    const patched = await manager.integration(key).patch({ name: 'S2' });
    assert.deepEqual([patched.name, patched.id, patched.connectorKey], ['S2', made.id, 'taskly']);
    await manager.integration(key).patch({ description: 'About it', meta: { a: 1 } });
    const { description, ...whole } = await manager.integration(key).get();
    const put = await manager.integration(key).put({ ...whole, name: 'S3', parameters: { apiUri: taskUrl } });
    assert.deepEqual([put.id, put.name, put.description, put.meta], [made.id, 'S3', undefined, { a: 1 }]);
    assert.equal((await client.integration(key).get()).name, 'S3');
  });
  check('integration.setup', async () => {
    const set = await manager.integration(key).setup();
    assert.deepEqual([set.id, set.state], [made.id, 'READY']);
    await denied(() => client.integration(key).setup());
    await notFound(() => manager.integration({ key }).setup());
  });
  check('integration.getConnectorSpec', async () => {
    const spec = await client.integration(key).getConnectorSpec();
    assert.deepEqual([spec.key, spec.name], ['taskly', 'Taskly']);
    assert.ok(!JSON.stringify(spec).includes(taskUrl), 'a connector has no parameters of the workspace');
  });
  check('integration.getOperations, getOperation', async () => {
    const list = await client.integration('taskly').getOperations();
    assert.ok(Array.isArray(list) && list.every((one) => one.key && one.name && !one.inputSchema));
    assert.deepEqual(await client.integration({ key: 'taskly' }).getOperations(), list);
    const one = await client.integration('taskly').getOperation('create-task');
    assert.deepEqual([one.key, one.inputSchema.required], ['create-task', ['title']]);
    assert.deepEqual(await client.integration({ key: 'taskly' }).getOperation('create-task'), one);
    await notFound(() => client.integration('taskly').getOperation('nothing'));
  });
  check('integration.getDataCollections, getDataCollection', async () => {
    const list = await client.integration('taskly').getDataCollections();
    assert.ok(list.some((one) => one.key === 'tasks' && one.name && one.type === 'collection'));
    assert.deepEqual(await client.integration({ key: 'taskly' }).getDataCollections(), list);
    const one = await client.integration('taskly').getDataCollection('tasks');
    assert.deepEqual([one.key, one.type, one.create.requiredFields], ['tasks', 'collection', ['title']]);
    await notFound(() => client.integration('taskly').getDataCollection('nothing'));
  });
  check('integration.actions.list, action.get', async () => {
    const { items } = await client.integration('taskly').actions.list();
    const integration = await client.integration('taskly').get();
    assert.ok(items.every((item) => item.integrationId === integration.id));
    const one = await client.integration('taskly').action('create-task').get();
    assert.ok(ids(items).includes(one.id) && one.inputSchema.properties.title);
  });
  check('integration.archive, restore', async () => {
    await denied(() => client.integration(key).archive());
    await manager.integration(key).archive();
    await notFound(() => client.integration(key).get());
    assert.ok(!keys(await client.integrations.findAll()).includes(key));
    assert.equal((await manager.integration(key).restore()).id, made.id);
    assert.equal((await client.integration(key).get()).id, made.id);
    await manager.integration(key).archive();
  });
}

export const integrations = { subject: 'integrations', calls, checks };
