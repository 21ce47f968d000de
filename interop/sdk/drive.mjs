// Drives a server with the official client, as a product's code would. The server has the connectors of the
// demo apps (`membrane serve --connectors membrane-testkit/connectors`); `run.mjs` starts such a one.
//
//   node drive.mjs --api URL --key WORKSPACE_KEY --secret WORKSPACE_SECRET --app TASK_MANAGER_URL [--app CRM_URL]

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ActionRunError, BadRequestError, ConfigurationError, ConnectionError } from '@membranehq/sdk';
import { Checks } from './checks.mjs';
import {
  args, clients, crmKey, crmUrl, denied, keys, notAuthenticated, notFound, sign, soon, taskKey, taskUrl,
  tellOfApps, throws,
} from './support.mjs';

const { withToken, customer, manager } = clients(args.api);

// A fresh customer each time, so that the script can be run twice against one server.
const me = `sdk-${randomUUID()}`;
const client = customer(me);
const other = customer(`${me}-other`);
const seen = {};
const checks = new Checks();
const check = checks.add.bind(checks);

await tellOfApps(manager);

// ---- the customer

check('self.get makes the customer', async () => {
  const self = await client.self.get();
  assert.equal(self.internalId, me);
  assert.equal(self.workspaceKey, args.key);
});
check('self.patch', async () => {
  assert.equal((await client.self.patch({ name: 'Acme', fields: { plan: 'pro' } })).name, 'Acme');
  assert.equal((await client.self.get()).fields.plan, 'pro');
});
check('a token with name and fields changes the customer', async () => {
  const token = sign({ id: me, workspaceKey: args.key, name: 'Acme Inc.', fields: { plan: 'max' }, exp: soon() });
  const self = await withToken(token).self.get();
  assert.deepEqual([self.name, self.fields.plan], ['Acme Inc.', 'max']);
});
for (const alg of ['HS384', 'HS512']) {
  check(`a token signed with ${alg}`, async () => {
    const token = sign({ tenantKey: me, iss: args.key, exp: soon() }, { header: { alg, typ: 'JWT' } });
    assert.equal((await withToken(token).self.get()).internalId, me);
  });
}

// ---- integrations

check('integrations.find', async () => {
  const { items } = await client.integrations.find();
  assert.ok(keys(items).includes('taskly') && keys(items).includes('contactly'));
});
check('integrations.find with search and limit', async () => {
  const { items } = await client.integrations.find({ search: 'Task', limit: 10, cursor: '' });
  assert.deepEqual(keys(items), ['taskly']);
});
check('integrations.findAll', async () => {
  assert.ok((await client.integrations.findAll()).length >= 2);
});
check('integration(text).get, integration({key}).get, by id', async () => {
  const one = await client.integration('taskly').get();
  assert.equal(one.name, 'Taskly');
  assert.equal((await client.integration({ key: 'taskly' }).get()).id, one.id);
  assert.equal((await client.integration(one.id).get()).key, 'taskly');
  assert.equal(one.parameters, undefined, 'parameters are the product’s');
});
check('integration.getConnectorSpec, getOperations, getOperation', async () => {
  const spec = await client.integration('taskly').getConnectorSpec();
  assert.equal(spec.key, 'taskly');
  const operations = await client.integration('taskly').getOperations();
  assert.ok(keys(operations).includes('get-me'));
  assert.equal((await client.integration('taskly').getOperation('create-task')).inputSchema.type, 'object');
});
check('integration.getDataCollections, getDataCollection', async () => {
  const collections = await client.integration('taskly').getDataCollections();
  assert.ok(keys(collections).includes('tasks'));
  assert.equal((await client.integration('taskly').getDataCollection('tasks')).key, 'tasks');
});
check('integration.actions.list, integration.action.get', async () => {
  const { items } = await client.integration('taskly').actions.list();
  assert.ok(keys(items).includes('create-task'));
  assert.equal((await client.integration('taskly').action('create-task').get()).key, 'create-task');
});
check('a customer changes no integration', async () => {
  await denied(() => client.integration('taskly').patch({ name: 'Mine' }));
  await denied(() => client.integration('taskly').archive());
  await denied(() => client.integrations.create({ name: 'x', key: 'x', connectorKey: 'taskly' }));
});
check('a manager changes an integration', async () => {
  const key = `second-${randomUUID().slice(0, 8)}`;
  const made = await manager.integrations.create({
    name: 'Second', key, connectorKey: 'taskly', parameters: { apiUri: taskUrl },
  });
  assert.equal((await manager.integration(made.id).patch({ name: 'Renamed' })).name, 'Renamed');
  await manager.integration(made.id).archive();
  await notFound(() => manager.integration(made.id).get());
  assert.equal((await manager.integration(made.id).restore()).name, 'Renamed');
  await manager.integration(made.id).archive();
});

// ---- connections

check('connections.create with credentials', async () => {
  const made = await client.connections.create({ integrationKey: 'taskly', credentials: { token: taskKey } });
  assert.ok(made.id && made.connected === true && made.disconnected === false, JSON.stringify(made));
  assert.equal(made.credentials, undefined);
  seen.tasks = made.id;
});
check('connections.create with input', async () => {
  const made = await client.connections.create({ integrationKey: 'contactly', input: { apiKey: crmKey }, name: 'CRM' });
  assert.equal(made.name, 'CRM');
  seen.crm = made.id;
});
check('connections.create with wrong credentials', async () => {
  await throws(
    () => other.connections.create({ integrationKey: 'taskly', credentials: { token: 'wrong' } }),
    ConnectionError,
  );
});
check('connections.create with input that does not fit', async () => {
  await throws(() => other.connections.create({ integrationKey: 'contactly', input: {} }), BadRequestError);
});
check('connections.create for an unknown integration', async () => {
  await notFound(() => client.connections.create({ integrationKey: 'nothing', credentials: {} }));
});
check('connections.find', async () => {
  const { items } = await client.connections.find();
  assert.deepEqual(items.map((item) => item.id).sort(), [seen.tasks, seen.crm].sort());
  const filtered = await client.connections.find({ integrationKey: 'contactly', disconnected: false });
  assert.deepEqual(filtered.items.map((item) => item.id), [seen.crm]);
});
check('connection.get by id, by integration key, with a query', async () => {
  assert.equal((await client.connection(seen.tasks).get()).id, seen.tasks);
  assert.equal((await client.connection('taskly').get()).id, seen.tasks);
  assert.equal((await client.connection('taskly').get({})).id, seen.tasks);
  assert.equal((await client.connection('taskly').get({ autoRecreate: true })).credentials, undefined);
});
check('credentials are a manager’s to read', async () => {
  await denied(() => client.connection(seen.tasks).get({ includeSecrets: true }));
  const shown = await manager.connection(seen.tasks).get({ includeSecrets: true });
  assert.equal(shown.credentials.token, taskKey);
});
check('connection.patch', async () => {
  assert.equal((await client.connection(seen.tasks).patch({ name: 'My tasks' })).name, 'My tasks');
});
check('connection.put takes a whole answer back', async () => {
  const whole = await client.connection(seen.tasks).get();
  const put = await client.connection(seen.tasks).put({ ...whole, name: 'Our tasks' });
  assert.deepEqual([put.id, put.name, put.connected], [seen.tasks, 'Our tasks', true]);
});
check('POST connection test', async () => {
  assert.deepEqual(await client.post(`/connections/${seen.tasks}/test`), { success: true });
});
check('an integration shows the caller’s connection', async () => {
  const { items } = await client.integrations.find({ search: 'Taskly' });
  assert.equal(items[0].connection?.id, seen.tasks);
  assert.equal((await other.integration('taskly').get()).connection, undefined);
});
check('another customer’s connection is not there', async () => {
  await notFound(() => other.connection(seen.tasks).get());
  await notFound(() => other.connection(seen.tasks).patch({ name: 'Mine' }));
  await notFound(() => other.connection(seen.tasks).archive());
  await notFound(() => other.connection(seen.tasks).proxy.get('v1/me'));
  await notFound(() => other.connection(seen.tasks).action('create-task').run({ title: 'x' }));
  await notFound(() => other.connection(seen.tasks).dataCollection('tasks').list({}));
  assert.deepEqual((await other.connections.find()).items, []);
});

// ---- actions

check('actions.find, with a connection, of a layer', async () => {
  assert.ok(keys((await client.actions.find()).items).includes('create-task'));
  const { items } = await client.actions.find({ connectionId: seen.tasks, search: 'create' });
  assert.ok(keys(items).includes('create-task'));
  const universal = await client.actions.find({ layer: 'universal' });
  assert.ok(universal.items.every((item) => !item.integrationId));
});
check('connection.actions.list, connection.action.get', async () => {
  const { items } = await client.connection(seen.tasks).actions.list({ search: '', limit: 50, x: '', b: false });
  assert.ok(keys(items).includes('create-task'));
  const one = await client.connection(seen.tasks).action('create-task').get();
  assert.equal(one.key, 'create-task');
  seen.action = one.id;
});
check('action(id).get, action({key, integrationKey}).get', async () => {
  assert.equal((await client.action(seen.action).get()).key, 'create-task');
  const one = await client.action({ key: 'create-task', integrationKey: 'taskly' }).get();
  assert.equal(one.key, 'create-task');
  assert.equal((await client.action('taskly.create-task').get()).key, 'create-task');
});
check('action(id).run', async () => {
  const run = await client.action(seen.action).run({ title: 'By id' }, { connectionId: seen.tasks });
  assert.ok(run.output.id && run.actionRunId);
  seen.run = run.actionRunId;
});
check('action(key).run for an integration', async () => {
  const run = await client.action('create-task').run({ title: 'By integration' }, { integrationKey: 'taskly' });
  assert.equal(run.output.name, 'By integration');
});
check('connection.action(key).run', async () => {
  const run = await client.connection(seen.tasks).action('create-task').run({ title: 'By connection' });
  assert.equal(run.output.name, 'By connection');
  assert.equal((await client.connection('taskly').action('create-task').run({ title: 'Default' })).output.name, 'Default');
});
check('action({key, connectionId}).run', async () => {
  const run = await client.action({ key: 'create-task', connectionId: seen.tasks }).run({ title: 'By selector' });
  assert.equal(run.output.name, 'By selector');
});
check('actionInstance({…, autoCreate}).get and .run', async () => {
  const selector = { connectionId: seen.tasks, parentKey: 'create-task', autoCreate: true };
  const instance = await client.actionInstance(selector).get();
  assert.ok(instance.id && instance.connectionId === seen.tasks, JSON.stringify(instance));
  const run = await client.actionInstance(instance.id).run({ title: 'By instance' });
  assert.equal(run.output.name, 'By instance');
  assert.equal((await client.actionInstance(selector).run({ title: 'Again' })).output.name, 'Again');
});
check('what ran has reached the app', async () => {
  const answer = await fetch(`${taskUrl}/v1/tasks?q=By%20instance`, { headers: { authorization: `Bearer ${taskKey}` } });
  assert.equal((await answer.json()).data.at(-1).title, 'By instance');
});
check('connection.action(key).create makes the connection’s copy; patch, reset by archive', async () => {
  const own = client.connection(seen.tasks).action('get-task');
  const made = await own.create();
  assert.equal(made.connectionId, seen.tasks);
  assert.equal((await own.patch({ name: 'Look a task up' })).name, 'Look a task up');
  assert.notEqual((await client.integration('taskly').action('get-task').get()).name, 'Look a task up');
});
check('actions.create of a connection, and its run', async () => {
  const key = `me-${randomUUID().slice(0, 8)}`;
  const made = await client.actions.create({
    name: 'Who am I',
    key,
    connectionId: seen.tasks,
    type: 'api-request-to-external-app',
    config: { request: { method: 'GET', path: '/v1/me' } },
  });
  assert.equal(made.connectionId, seen.tasks);
  assert.ok((await client.action(made.id).run({})).output.email);
  assert.ok((await client.connection(seen.tasks).action(key).run()).output.email);
  await client.action(made.id).archive();
  await notFound(() => client.action(made.id).get());
});
check('actions.create of an integration by a manager', async () => {
  const key = `list-${randomUUID().slice(0, 8)}`;
  const made = await manager.actions.create({
    name: 'Projects',
    key,
    integrationKey: 'taskly',
    type: 'connector-operation',
    config: { operationKey: 'list-projects' },
  });
  assert.ok(made.integrationId);
  assert.equal((await client.connection(seen.tasks).action(key).run({})).output.data.length, 3);
  await denied(() => client.action(made.id).patch({ name: 'Mine' }));
  await manager.action(made.id).archive();
});
check('a customer creates no action of the workspace', async () => {
  await denied(() => client.actions.create({ name: 'x', key: 'x' }));
});
check('an action that maps its input and output', async () => {
  const email = `${randomUUID()}@example.com`;
  const run = await client.connection(seen.crm).action('create-contact').run({ email, name: 'Ada Lovelace' });
  seen.contact = run.output.id;
  assert.match(seen.contact, /^\d+$/);
});
check('the runs are in the log', async () => {
  const { items } = await client.get('/action-run-logs', { connectionId: seen.tasks, limit: 5 });
  assert.equal(items.length, 5);
  const one = await client.get(`/action-run-logs/${seen.run}`, { details: true });
  assert.equal(one.status, 'success');
  assert.ok(!JSON.stringify(one).includes(taskKey), 'secrets are masked');
});
check('connection.operation(key).get and .run', async () => {
  const operation = client.connection(seen.tasks).operation('get-me');
  assert.equal((await operation.get()).key, 'get-me');
  assert.ok((await operation.run({ input: {} })).output.email);
});

// ---- data collections

const tasks = () => client.connection(seen.tasks).dataCollection('tasks');
const contacts = () => client.connection(seen.crm).dataCollection('contacts');

check('dataCollection.get', async () => {
  const spec = await tasks().get();
  assert.equal(spec.key, 'tasks');
  assert.ok(spec.fieldsSchema.properties.title && spec.list && spec.create);
});
for (const [name, collection, least] of [['cursor', tasks, 120], ['offset', contacts, 250]]) {
  check(`dataCollection.list over all pages (${name})`, async () => {
    const ids = new Set();
    let cursor;
    let pages = 0;
    do {
      const page = await collection().list({ cursor });
      page.records.forEach((record) => ids.add(record.id));
      cursor = page.cursor;
      pages += 1;
    } while (cursor);
    assert.ok(ids.size >= least && pages > 1, `${ids.size} in ${pages}`);
  });
}
check('dataCollection.list with a filter', async () => {
  const { records } = await tasks().list({ filter: { status: 'done' } });
  assert.ok(records.length > 0 && records.every((record) => record.fields.status === 'done'));
});
check('dataCollection.create, findById', async () => {
  seen.task = (await tasks().create({ fields: { title: 'From the client', description: 'x' } })).id;
  const { record } = await tasks().findById({ id: seen.task });
  assert.deepEqual([record.id, record.name, record.fields.title], [seen.task, 'From the client', 'From the client']);
});
check('dataCollection.search', async () => {
  const { records } = await tasks().search({ query: 'From the client' });
  assert.ok(records.some((record) => record.id === seen.task));
});
check('dataCollection.match', async () => {
  assert.equal((await tasks().match({ query: { title: 'From the client' } })).record.name, 'From the client');
  assert.equal((await contacts().match({ query: { email: 'nobody@nowhere.example' } })).record, undefined);
});
check('dataCollection.update', async () => {
  assert.equal((await tasks().update({ id: seen.task, fields: { status: 'done' } })).id, seen.task);
  const { record } = await tasks().findById({ id: seen.task });
  assert.deepEqual([record.fields.status, record.fields.title], ['done', 'From the client']);
});
check('dataCollection.delete', async () => {
  await tasks().delete({ id: seen.task });
  await notFound(() => tasks().findById({ id: seen.task }));
});
check('dataCollection with parameters in the query', async () => {
  const notes = client.connection(seen.crm).dataCollection('notes', { contactId: seen.contact });
  const { id } = await notes.create({ fields: { text: 'Called' } });
  const { records } = await notes.list({});
  assert.deepEqual(records.map((record) => record.id), [id]);
});
check('dataCollection with parameters in the body', async () => {
  const path = `/connections/${seen.crm}/data/notes/list`;
  const { records } = await client.post(path, { parameters: { contactId: seen.contact } });
  assert.equal(records[0].fields.text, 'Called');
});

// ---- proxy

check('proxy.get, with a query in the path', async () => {
  assert.ok((await client.connection(seen.tasks).proxy.get('v1/me')).email);
  const page = await client.connection(seen.tasks).proxy.get('/v1/tasks?limit=3&status=open');
  assert.equal(page.data.length, 3);
});
check('proxy.post, patch, delete', async () => {
  const proxy = client.connection(seen.tasks).proxy;
  const made = await proxy.post('v1/tasks', { title: 'Proxied' });
  assert.equal((await proxy.patch(`v1/tasks/${made.id}`, { title: 'Changed' })).title, 'Changed');
  assert.equal(await proxy.delete(`v1/tasks/${made.id}`), '');
});
check('proxy.put', async () => {
  const proxy = client.connection(seen.crm).proxy;
  const row = await proxy.get(`api/contacts/${seen.contact}`);
  await proxy.put(`api/contacts/${seen.contact}`, { email: row.email, first_name: 'Augusta' });
  assert.equal((await proxy.get(`api/contacts/${seen.contact}`)).first_name, 'Augusta');
});
check('proxy: an error of the app stays the app’s', async () => {
  const error = await client.connection(seen.tasks).proxy.get('v1/tasks/none').catch((error) => error);
  assert.equal(error.response?.status, 404, `${error}`);
  assert.equal(error.response.data.error.code, 'not_found');
});

// ---- errors

check('not_found', async () => {
  await notFound(() => client.connection('nothing').get());
  await notFound(() => client.action('nothing').get());
  await notFound(() => client.action('nothing').run({}));
  await notFound(() => client.connection(seen.tasks).dataCollection('nothing').list({}));
  await notFound(() => client.get('/no/such/path'));
  await throws(() => client.put('/integrations', {}), BadRequestError);
});
check('input that does not fit', async () => {
  const error = await throws(() => client.connection(seen.tasks).action('create-task').run({}), BadRequestError);
  assert.match(error.message, /title/);
  assert.ok(error.data.actionRunId);
  await throws(() => client.get('/integrations', { limit: 'many' }), BadRequestError);
});
check('what the app refuses', async () => {
  const error = await throws(
    () => client.connection(seen.tasks).operation('get-task').run({ input: { id: 'none' } }),
    BadRequestError,
    { key: 'not_found' },
  );
  assert.equal(error.data.data.response.status, 404);
});
check('an action the app fails at is an ActionRunError', async () => {
  const error = await throws(
    () => client.connection(seen.crm).action('create-contact').run({ email: 'not an address' }),
    ActionRunError,
  );
  assert.ok(error.data.actionRunId);
  assert.equal(error.data.data.response.status, 400);
});
check('an integration without its parameters is a ConfigurationError', async () => {
  const key = `bare-${randomUUID().slice(0, 8)}`;
  const made = await manager.integrations.create({ name: 'Bare', key, connectorKey: 'taskly' });
  await throws(
    () => client.connections.create({ integrationId: made.id, credentials: { token: 'x' } }),
    ConfigurationError,
  );
  await manager.integration(made.id).archive();
});
check('not_authenticated', async () => {
  const claims = { id: me, iss: args.key, exp: soon() };
  for (const token of [
    sign({ ...claims, exp: soon() - 7200 }),
    sign(claims, { secret: 'another secret, also of 32 bytes or more' }),
    sign({ ...claims, iss: 'another-workspace' }),
    sign({ id: me, iss: args.key }),
    sign(claims, { header: { alg: 'none' } }),
    'pat-1234',
  ]) {
    await notAuthenticated(() => withToken(token).self.get());
  }
});
check('a token that names nobody', async () => {
  await denied(() => customer(undefined).integrations.find());
});
check('a manager is no customer', async () => {
  await notFound(() => manager.self.get());
});

// ---- customers, paging

check('customers are the manager’s', async () => {
  await denied(() => client.customers.find());
  const { items } = await manager.customers.find({ search: 'Acme Inc.' });
  assert.ok(items.some((item) => item.internalId === me));
});
check('customers.create, customer.get, patch, archive', async () => {
  const internalId = `made-${randomUUID()}`;
  const made = await manager.customers.create({ name: 'Made', internalId, fields: { a: 1 } });
  assert.equal((await manager.customer(made.id).get()).fields.a, 1);
  assert.equal((await manager.customer({ id: made.id }).get()).internalId, internalId);
  assert.equal((await manager.customer(made.id).patch({ name: 'Renamed' })).name, 'Renamed');
  await manager.customer(made.id).archive();
  await denied(() => customer(internalId).self.get());
});
check('findAll over more than one page of a thousand', async () => {
  const missing = 1010 - (await manager.customers.findAll()).length;
  for (let made = 0; made < missing; made += 20) {
    await Promise.all(Array.from({ length: 20 }, () => customer(`many-${randomUUID()}`).self.get()));
  }
  const all = await manager.customers.findAll();
  assert.ok(all.length >= 1010);
  assert.equal(new Set(all.map((item) => item.id)).size, all.length);
});
check('find page by page', async () => {
  const ids = new Set();
  let cursor = '0';
  for (let page = 0; page < 3; page += 1) {
    const answer = await manager.customers.find({ limit: 25, cursor, hash: 42 });
    assert.equal(answer.items.length, 25);
    answer.items.forEach((item) => ids.add(item.id));
    cursor = answer.cursor;
  }
  assert.equal(ids.size, 75);
});

// ---- the end of a connection

check('connection.archive', async () => {
  await client.connection(seen.crm).archive();
  await notFound(() => client.connection(seen.crm).get());
  assert.deepEqual((await client.connections.find()).items.map((item) => item.id), [seen.tasks]);
  const { items } = await client.connections.find({ includeArchived: true });
  assert.equal(items.length, 2);
});

if (!crmUrl) {
  console.log('note: without the address of the CRM its checks rely on the server alone');
}
process.exitCode = (await checks.run()) > 0 ? 1 : 0;
