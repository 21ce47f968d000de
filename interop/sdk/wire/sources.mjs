// Data sources: what a unified model means for an app, and the records of a source on a connection.

import assert from 'node:assert/strict';
import { BadRequestError } from '@membranehq/sdk';
import { notFound, throws } from '../support.mjs';

const query = 'connectionId&dataSourceKey';
const calls = [
  `GET /data-source-instance?${query}&autoCreate=true`,
  `GET /data-source-instance/collection?${query}`,
  'GET /data-source-instance/collection?id',
  'POST /data-source-instance/collection/list?id {}',
  `POST /data-source-instance/collection/list?${query} {filter}`,
  `POST /data-source-instance/collection/list?${query} {unifiedFilter}`,
  `POST /data-source-instance/collection/list?${query}&autoCreate=true {}`,
  `POST /data-source-instance/collection/search?${query} {query}`,
  `POST /data-source-instance/collection/match?${query} {query}`,
  `POST /data-source-instance/collection/find-by-id?${query} {id}`,
  `POST /data-source-instance/collection/create?${query} {fields}`,
  `POST /data-source-instance/collection/update?${query} {id,fields}`,
  `POST /data-source-instance/collection/delete?${query} {id}`,
  `POST /data-source-instance/collection/find?${query} {query}`,
  `POST /data-source-instance/collection/find?${query} {}`,
  `POST /data-source-instance/unified-fields-to-native?${query} {subject,content}`,
];

function checks(check, { tag, manager, client, other, tasks, theirs }) {
  const key = `work-${tag}`;
  const source = (by = client, more = {}) =>
    by.dataSourceInstance({ dataSourceKey: key, connectionId: by === other ? theirs : tasks, ...more });
  let id;
  let record;

  check('a source of a unified model has the app’s collection for it', async () => {
    const universal = await manager.dataSources.create({ key, name: 'Work', udm: 'tasks' });
    assert.equal(universal.collectionKey, undefined);
    const app = await manager.integration('taskly').dataSources.create({ key });
    assert.deepEqual([app.udm, app.collectionKey, app.universalDataSourceId], ['tasks', 'tasks', universal.id]);
    assert.deepEqual([app.defaultCollectionKey, app.defaultPath, app.state], ['tasks', '/data/tasks', 'READY']);
    const crm = await manager.integration('contactly').dataSources.create({ key });
    assert.deepEqual([crm.state, crm.errors[0].type], ['CONFIGURATION_ERROR', 'configuration']);
  });
  check('dataSourceInstance.get makes the connection’s own when asked to', async () => {
    await notFound(() => source().get());
    const made = await source(client, { autoCreate: true }).get();
    assert.deepEqual([made.connectionId, made.collectionKey, made.udm], [tasks, 'tasks', 'tasks']);
    ({ id } = made);
    assert.equal((await source().get()).id, id);
  });
  check('dataSourceInstance.getCollection', async () => {
    const spec = await source().getCollection();
    assert.deepEqual([spec.type, spec.key], ['collection', 'tasks']);
    assert.ok(spec.fieldsSchema.properties.title && spec.list && spec.create);
    assert.deepEqual(await client.dataSourceInstance(id).getCollection(), spec);
  });
  check('createRecord, findRecordById', async () => {
    record = (await source().createRecord({ fields: { title: `Source ${tag}`, status: 'open' } })).id;
    assert.equal((await client.connection(tasks).proxy.get(`v1/tasks/${record}`)).title, `Source ${tag}`);
    const found = (await source().findRecordById(record)).record;
    assert.deepEqual([found.id, found.name, found.fields.title], [record, `Source ${tag}`, `Source ${tag}`]);
    assert.equal((await source().findRecordById({ id: record })).record.id, record);
    await throws(() => source().createRecord({ fields: {} }), BadRequestError);
  });
  check('listRecords, with a filter in the collection’s fields or the model’s', async () => {
    const { records, cursor } = await client.dataSourceInstance(id).listRecords();
    assert.ok(records.length > 0 && cursor);
    const done = await source().listRecords({ filter: { status: 'done' } });
    assert.ok(done.records.length > 0 && done.records.every((one) => one.fields.status === 'done'));
    assert.deepEqual((await source().listRecords({ unifiedFilter: { status: 'done' } })).records, done.records);
    assert.ok((await source(other, { autoCreate: true }).listRecords()).records.length > 0);
  });
  check('searchRecords, matchRecord, findRecords', async () => {
    const { records } = await source().searchRecords({ query: `Source ${tag}` });
    assert.deepEqual(records.map((one) => one.id), [record]);
    assert.equal((await source().matchRecord({ query: { title: `Source ${tag}` } })).record.id, record);
    assert.equal((await source().matchRecord({ query: { title: `None ${tag}` } })).record, undefined);
    const found = await source().findRecords({ query: { status: 'done' } });
    assert.ok(found.records.length > 0 && found.records.every((one) => one.fields.status === 'done'));
    assert.ok((await source().findRecords()).records.length > 0);
  });
  check('updateRecord', async () => {
    assert.equal((await source().updateRecord({ id: record, fields: { status: 'done' } })).id, record);
    const { fields } = (await source().findRecordById(record)).record;
    assert.deepEqual([fields.status, fields.title], ['done', `Source ${tag}`]);
  });
  check('unifiedFieldsToNative', async () => {
    const native = await source().unifiedFieldsToNative({ subject: 'Bug', content: 'Much' });
    assert.deepEqual(native, { title: 'Bug', description: 'Much' });
  });
  check('another customer has neither the source nor its records', async () => {
    await notFound(() => other.dataSourceInstance(id).getCollection());
    await notFound(() => other.dataSourceInstance(id).listRecords());
    await notFound(() => other.dataSourceInstance({ dataSourceKey: key, connectionId: tasks }).findRecordById(record));
    await notFound(() => other.dataSourceInstance(id).deleteRecord(record));
  });
  check('deleteRecord', async () => {
    await source().deleteRecord(record);
    await notFound(() => source().findRecordById(record));
    const { id: second } = await source().createRecord({ fields: { title: 'Second' } });
    await source().deleteRecord({ id: second });
    await notFound(() => source().findRecordById(second));
  });
  check('a source of the connection’s own may read another collection', async () => {
    await client.dataSourceInstance(id).patch({ udm: null, collectionKey: 'projects' });
    assert.equal((await source().getCollection()).key, 'projects');
    await client.dataSourceInstance(id).reset();
    assert.equal((await source().getCollection()).key, 'tasks');
  });
}

export const sources = { subject: 'data source instances', calls, checks };
