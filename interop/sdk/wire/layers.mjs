// The four kinds with three layers: the workspace's element, the integration's, the connection's. Whatever the kind,
// a child follows its parent until it is changed, a customer changes its own copies only, and reset undoes a change.

import assert from 'node:assert/strict';
import { denied, ids, notFound } from '../support.mjs';
import { instanceCalls, instanceChecks } from './instances.mjs';

const schema = (name) => ({ type: 'object', properties: { [name]: { type: 'string' } } });

// `field` is what is changed, to one of `values`; `parent` and `universal` name what an element follows; `sets` says
// that the client has a setup at the plural path, `revisesById` that it sets up and resets instances by their id.
const schemas = ['a', 'b', 'c', 'd'].map(schema);
const kinds = [
  {
    name: 'actions', one: 'action', path: 'action',
    selector: 'actionKey', parent: 'parentId', universal: 'universalParentId',
    content: { type: 'api-request-to-external-app', config: { request: { method: 'GET', path: '/v1/me' } } },
    field: 'inputSchema', values: schemas,
  },
  {
    name: 'flows', one: 'flow', path: 'flow',
    selector: 'flowKey', parent: 'flowId', universal: 'universalFlowId',
    content: { nodes: { start: { type: 'api-trigger', name: 'Start' } } },
    field: 'parametersSchema', values: schemas, revisesById: true,
  },
  {
    name: 'dataSources', one: 'dataSource', path: 'data-source',
    selector: 'dataSourceKey', parent: 'dataSourceId', universal: 'universalDataSourceId',
    content: { collectionKey: 'tasks' },
    field: 'pullUpdatesIntervalSeconds', values: [300, 600, 900, 1200], sets: true,
  },
  {
    name: 'fieldMappings', one: 'fieldMapping', path: 'field-mapping',
    selector: 'fieldMappingKey', parent: 'fieldMappingId', universal: 'universalFieldMappingId',
    content: { defaultImportValue: { title: { $var: '$.title' } } },
    field: 'appSchema', values: schemas, sets: true, revisesById: true,
  },
];

const callsOf = ({ path, field, sets, ...kind }) => [
  `GET /${path}s`,
  `GET /${path}s?search`,
  `GET /${path}s?connectionId&search`,
  `GET /${path}s?limit=1000&cursor=0`,
  `POST /${path}s {*}`,
  `POST /${path}s {*} -> 403`,
  `GET /${path}s/:e`,
  `GET /${path}?key`,
  `GET /${path}?key&integrationKey`,
  `GET /${path}?key&connectionId`,
  `PATCH /${path}s/:e {${field}}`,
  `PATCH /${path}s/:e {${field}} -> 403`,
  `PUT /${path}s/:e {*}`,
  `DELETE /${path}s/:e`,
  `DELETE /${path}s/:e -> 403`,
  `POST /${path}s/:e/restore`,
  `POST /${path}s/:e/reset`,
  ...(sets ? [`POST /${path}s/:e/setup`] : []),
  `GET /integrations/:i/${path}s`,
  `POST /integrations/:i/${path}s {key}`,
  `GET /integrations/:i/${path}s/:e`,
  `PATCH /integrations/:i/${path}s/:e {${field}}`,
  `PUT /integrations/:i/${path}s/:e {*}`,
  `DELETE /integrations/:i/${path}s/:e`,
  `POST /integrations/:i/${path}s/:e/reset`,
  `GET /connections/:c/${path}s`,
  `GET /connections/:c/${path}s?search&limit=1000&x`,
  `GET /connections/:c/${path}s/:e`,
  `GET /connections/:c/${path}s/:e?autoCreate=true`,
  `GET /connections/:c/${path}s/:e?instanceKey&autoCreate=true`,
  `PUT /connections/:c/${path}s/:e`,
  `PUT /connections/:c/${path}s/:e {*}`,
  `PATCH /connections/:c/${path}s/:e {${field}}`,
  `POST /connections/:c/${path}s/:e/reset`,
  `POST /connections/:c/${path}s/:e/setup`,
  `DELETE /connections/:c/${path}s/:e`,
  ...instanceCalls({ path, field, ...kind }),
];

const checksOf = (kind) => (check, world) => {
  const { tag, manager, client, other, tasks, theirs } = world;
  const { name, one, field, values } = kind;
  const [first, second, third, fourth] = values;
  const key = `wire-${name.toLowerCase()}-${tag}`;
  const above = (by = manager) => by[one](key);
  const ofApp = (by = manager) => by.integration('taskly')[one](key);
  const own = (by = client, query) => by.connection(by === other ? theirs : tasks)[one](key, query);
  let universal;
  let app;

  check('the workspace adds one, every customer sees it, none changes it', async () => {
    const fields = { key, name: `Wire ${tag}`, ...kind.content, [field]: first };
    await denied(() => client[name].create(fields));
    universal = await manager[name].create(fields);
    assert.deepEqual([universal.key, universal.name, universal[field]], [key, `Wire ${tag}`, first]);
    assert.ok(universal.id && universal.revision && universal.createdAt && !universal.integrationId);
    assert.equal(universal.state, 'READY', JSON.stringify(universal.errors));
    for (const by of [client, other, manager]) assert.equal((await by[one](universal.id).get()).key, key);
    await denied(() => client[one](universal.id).patch({ [field]: second }));
    await denied(() => client[one](universal.id).put({ name: 'Mine' }));
    await denied(() => client[one](universal.id).archive());
  });
  check('find, findAll, get by text and by an object', async () => {
    assert.deepEqual(ids((await client[name].find({ search: key })).items), [universal.id]);
    assert.ok((await client[name].find()).items.length > 0);
    assert.ok(ids(await client[name].findAll()).includes(universal.id));
    assert.equal((await client[one](key).get()).id, universal.id);
    assert.equal((await client[one]({ key }).get()).id, universal.id);
  });
  check('an integration’s element of the same key follows it', async () => {
    await denied(() => client.integration('taskly')[name].create({ key }));
    app = await manager.integration('taskly')[name].create({ key });
    const integration = await client.integration('taskly').get();
    assert.deepEqual([app.integrationId, app[kind.universal], app.isCustomized], [integration.id, universal.id, false]);
    assert.deepEqual([app.name, app[field]], [universal.name, first]);
    assert.equal((await ofApp(client).get()).id, app.id);
    assert.ok(ids((await client.integration('taskly')[name].list()).items).includes(app.id));
    assert.equal((await client[one]({ key, integrationKey: 'taskly' }).get()).id, app.id);
    assert.equal((await client[one](`taskly.${key}`).get()).id, app.id);
    const applied = (await client[one](universal.id).get()).appliedToIntegrations;
    assert.deepEqual(applied.map(({ element, integration: { key } }) => [element.id, key]), [[app.id, 'taskly']]);
  });
  check('what changes above changes below, until the one below is its own', async () => {
    const { revision } = await manager[one](universal.id).patch({ [field]: second });
    assert.notEqual(revision, universal.revision);
    const followed = await ofApp().get();
    assert.deepEqual([followed[field], followed.isCustomized], [second, false]);
    await denied(() => ofApp(client).patch({ [field]: third }));
    const changed = await ofApp().patch({ [field]: third });
    assert.deepEqual([changed[field], changed.isCustomized, changed.id], [third, true, app.id]);
    await manager[one](universal.id).patch({ [field]: fourth });
    assert.deepEqual((await ofApp(client).get())[field], third);
    await ofApp().reset();
    const again = await ofApp(client).get();
    assert.deepEqual([again[field], again.isCustomized], [fourth, false]);
  });
  check('put of an integration’s element; reset by its id', async () => {
    const put = await ofApp().put({ ...(await ofApp().get()), [field]: third, name: 'Put' });
    assert.deepEqual([put.id, put.name, put[field], put.isCustomized], [app.id, 'Put', third, true]);
    await denied(() => client[one](app.id).reset());
    await manager[one](app.id).reset();
    if (kind.sets) await manager[one](app.id).setup();
    const after = await ofApp().get();
    assert.deepEqual([after[field], after.isCustomized, after.name], [fourth, false, universal.name]);
    assert.deepEqual([after.state, after.integrationId], ['READY', app.integrationId]);
  });
  check('below a connection: what counts there', async () => {
    const { items } = await client.connection(tasks)[name].list({ search: '', limit: 1000, x: '' });
    assert.ok(ids(items).includes(app.id) && !ids(items).includes(universal.id));
    assert.deepEqual(items, (await client.connection(tasks)[name].list()).items);
    assert.equal((await own().get()).id, app.id);
    assert.equal((await client[one]({ key, connectionId: tasks }).get()).id, app.id);
    assert.deepEqual(ids((await client[name].find({ connectionId: tasks, search: key })).items), [app.id]);
    await notFound(() => client.connection(theirs)[one](key).get());
    await notFound(() => client.connection(theirs)[name].list());
  });
  check('the connection’s own copy: made once, and it follows', async () => {
    const made = await own().create();
    assert.deepEqual([made.connectionId, made[kind.parent], made.isCustomized], [tasks, app.id, false]);
    assert.deepEqual([made[field], made.userId], [fourth, world.me]);
    assert.equal((await own().create()).id, made.id);
    assert.equal((await own().get({ autoCreate: true })).id, made.id);
    const second = await own(client, { instanceKey: 'k' }).get({ autoCreate: true });
    assert.deepEqual([second.instanceKey, second.connectionId], ['k', tasks]);
    assert.notEqual(second.id, made.id);
    assert.equal((await own(client, { instanceKey: 'k' }).get()).id, second.id);
    assert.equal((await own().get()).id, made.id);
    await notFound(() => other[one](made.id).get());
    assert.equal((await own(other).get()).id, app.id, 'another customer has none');
  });
  check('the connection’s own copy: changed, set up, reset', async () => {
    const changed = await own().patch({ [field]: first });
    assert.deepEqual([changed[field], changed.isCustomized], [first, true]);
    assert.deepEqual((await ofApp().get())[field], fourth);
    assert.deepEqual((await own(other).get())[field], fourth);
    await own().setup();
    assert.deepEqual((await own().get())[field], first);
    await own().reset();
    const after = await own().get();
    assert.deepEqual([after[field], after.isCustomized, after.connectionId], [fourth, false, tasks]);
    const put = await own().put({ ...after, [field]: second });
    assert.deepEqual([put.id, put[field], put.isCustomized], [after.id, second, true]);
  });
  check('the connection’s own copy: archived, what is above counts again', async () => {
    await own().archive();
    assert.equal((await own().get()).id, app.id);
  });
  instanceChecks(check, world, { ...kind, key, makes: () => app.id, value: fourth });
  check('archive, restore; put of the workspace’s', async () => {
    await ofApp().archive();
    await notFound(() => ofApp(client).get());
    const whole = { ...(await manager[one](universal.id).get()), [field]: first, description: undefined, name: 'Put' };
    const put = await manager[one](universal.id).put(whole);
    assert.deepEqual([put.id, put.key, put.name, put[field]], [universal.id, key, 'Put', first]);
    await manager[one](universal.id).archive();
    await notFound(() => client[one](universal.id).get());
    assert.ok(!ids((await client[name].find({ search: key })).items).includes(universal.id));
    assert.equal((await manager[one](universal.id).restore()).archivedAt, undefined);
    assert.equal((await client[one](universal.id).get()).name, 'Put');
    await manager[one](universal.id).archive();
  });
};

export const layers = kinds.map((kind) => ({ subject: kind.name, calls: callsOf(kind), checks: checksOf(kind) }));
