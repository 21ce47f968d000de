// Data link tables, which have two layers, and the links in a connection's copy.

import assert from 'node:assert/strict';
import { BadRequestError } from '@membranehq/sdk';
import { denied, ids, notFound, throws } from '../support.mjs';

const query = 'connectionId&dataLinkTableKey';
const calls = [
  'GET /data-link-tables',
  'GET /data-link-tables?search',
  'GET /data-link-tables?limit=1000&cursor=0',
  'POST /data-link-tables {name,key}',
  'POST /data-link-tables {name,key} -> 403',
  'GET /data-link-tables/:t',
  'PATCH /data-link-tables/:t {description}',
  'PUT /data-link-tables/:t {*}',
  'DELETE /data-link-tables/:t',
  'POST /data-link-tables/:t/restore',
  'GET /data-link-table-instances',
  'GET /data-link-table-instances?connectionId',
  `POST /data-link-table-instance?${query} {name}`,
  `GET /data-link-table-instance?${query}`,
  `GET /data-link-table-instance?${query}&autoCreate=true`,
  'GET /data-link-table-instance?id',
  'PUT /data-link-table-instance?id {*}',
  'PATCH /data-link-table-instance?id {name}',
  'DELETE /data-link-table-instance?id',
  'POST /data-link-table-instance/restore?id',
  'GET /data-link-table-instance/links?id&externalRecordId',
  `GET /data-link-table-instance/links?${query}`,
  `GET /data-link-table-instance/links?${query}&appRecordId&direction=export`,
  `GET /data-link-table-instance/links?${query}&limit=1`,
  `GET /data-link-table-instance/links?${query}&limit=1&cursor`,
  `POST /data-link-table-instance/links?${query} {appRecordId,externalRecordId}`,
  `POST /data-link-table-instance/links?${query} {appRecordId,externalRecordId,direction}`,
  'DELETE /data-link-table-instance/links?id {appRecordId}',
  `DELETE /data-link-table-instance/links?${query} {externalRecordId}`,
];

function checks(check, { tag, manager, client, other, tasks, crm, theirs }) {
  const key = `tickets-${tag}`;
  const table = (by = client, connectionId = by === other ? theirs : tasks, more = {}) =>
    by.dataLinkTableInstance({ dataLinkTableKey: key, connectionId, ...more });
  const pairs = ({ items }) => [...new Set(items.map((link) => `${link.appRecordId}=${link.externalRecordId}`))].sort();
  let universal;
  let id;

  check('dataLinkTables: create, find, get', async () => {
    await denied(() => client.dataLinkTables.create({ name: 'Tickets', key }));
    universal = await manager.dataLinkTables.create({ name: 'Tickets', key });
    assert.deepEqual([universal.key, universal.name, universal.connectionId], [key, 'Tickets', undefined]);
    assert.equal((await client.dataLinkTable(key).get()).id, universal.id);
    assert.deepEqual(ids((await client.dataLinkTables.find({ search: key })).items), [universal.id]);
    assert.ok(ids((await other.dataLinkTables.find()).items).includes(universal.id));
    assert.ok(ids(await client.dataLinkTables.findAll()).includes(universal.id));
  });
  check('dataLinkTable: patch, put, archive, restore', async () => {
    await denied(() => client.dataLinkTable(key).patch({ name: 'Mine' }));
    await denied(() => client.dataLinkTable(key).archive());
    assert.equal((await manager.dataLinkTable(key).patch({ description: 'Theirs and ours' })).name, 'Tickets');
    const { description, ...whole } = await manager.dataLinkTable(key).get();
    const put = await manager.dataLinkTable(key).put({ ...whole, name: 'Renamed' });
    assert.deepEqual([put.id, put.name, put.description], [universal.id, 'Renamed', undefined]);
    await manager.dataLinkTable(universal.id).archive();
    await notFound(() => client.dataLinkTable(key).get());
    assert.equal((await manager.dataLinkTable(universal.id).restore()).key, key);
  });
  check('dataLinkTableInstance: made by asking for it', async () => {
    await notFound(() => table().get());
    const made = await table(client, tasks, { autoCreate: true }).get();
    assert.deepEqual([made.connectionId, made.dataLinkTableId, made.key], [tasks, universal.id, key]);
    ({ id } = made);
    assert.equal((await table().get()).id, id);
    assert.equal(await table().getId(), id);
    assert.ok(ids((await client.dataLinkTableInstances.find()).items).includes(id));
    assert.ok(!ids((await client.dataLinkTableInstances.find({ connectionId: crm })).items).includes(id));
    assert.ok(!ids((await other.dataLinkTableInstances.find()).items).includes(id));
    await notFound(() => other.dataLinkTableInstance(id).get());
  });
  check('dataLinkTableInstance: made with fields of its own', async () => {
    const made = await table(client, crm).create({ name: 'CRM’s' });
    assert.deepEqual([made.connectionId, made.dataLinkTableId, made.name], [crm, universal.id, 'CRM’s']);
    await client.dataLinkTableInstance(made.id).delete();
  });
  check('dataLinkTableInstance: patch, put, archive, restore', async () => {
    assert.equal((await client.dataLinkTableInstance(id).patch({ name: 'Mine' })).name, 'Mine');
    const whole = await client.dataLinkTableInstance(id).get();
    assert.deepEqual([whole.name, whole.id], ['Mine', id]);
    assert.equal((await client.dataLinkTableInstance(id).put({ ...whole, name: 'Put' })).name, 'Put');
    assert.equal((await client.dataLinkTable(key).get()).name, 'Renamed', 'the workspace’s stays');
    await notFound(() => other.dataLinkTableInstance(id).patch({ name: 'x' }));
    await client.dataLinkTableInstance(id).archive();
    await notFound(() => client.dataLinkTableInstance(id).get());
    assert.equal((await client.dataLinkTableInstance(id).restore()).id, id);
  });
  check('createLink, findLinks', async () => {
    await table().createLink({ appRecordId: 'app-1', externalRecordId: 'ext-1' });
    await table().createLink({ appRecordId: 'app-1', externalRecordId: 'ext-1' });
    await table().createLink({ appRecordId: 'app-2', externalRecordId: 'ext-2', direction: 'export' });
    assert.deepEqual(pairs(await table().findLinks()), ['app-1=ext-1', 'app-2=ext-2']);
    const { items } = await client.dataLinkTableInstance(id).findLinks({ externalRecordId: 'ext-1' });
    assert.deepEqual(pairs({ items }), ['app-1=ext-1']);
    assert.ok(items.every((link) => link.id && link.dataLinkTableInstanceId === id));
    const exported = await table().findLinks({ appRecordId: 'app-2', direction: 'export' });
    assert.deepEqual(exported.items.map((link) => [link.externalRecordId, link.direction]), [['ext-2', 'export']]);
    assert.deepEqual((await table().findLinks({ externalRecordId: 'ext-2', direction: 'import' })).items, []);
    await throws(() => table().createLink({ appRecordId: 'app-3' }), BadRequestError);
  });
  check('findLinks page by page', async () => {
    const seen = [];
    let cursor;
    do {
      const page = await table().findLinks({ limit: 1, ...(cursor && { cursor }) });
      assert.equal(page.items.length, 1);
      seen.push(...page.items);
      ({ cursor } = page);
    } while (cursor);
    assert.deepEqual(pairs({ items: seen }), ['app-1=ext-1', 'app-2=ext-2']);
    assert.equal(new Set(ids(seen)).size, seen.length);
  });
  check('links are the connection’s', async () => {
    assert.deepEqual((await table(client, crm).findLinks()).items, []);
    assert.deepEqual((await table(other).findLinks()).items, []);
    await notFound(() => other.dataLinkTableInstance(id).findLinks());
    await notFound(() => other.dataLinkTableInstance(id).createLink({ appRecordId: 'a', externalRecordId: 'b' }));
    await notFound(() => other.dataLinkTableInstance(id).deleteLink({ appRecordId: 'app-1' }));
    assert.deepEqual(pairs(await table().findLinks()), ['app-1=ext-1', 'app-2=ext-2']);
  });
  check('deleteLink', async () => {
    await client.dataLinkTableInstance(id).deleteLink({ appRecordId: 'app-1' });
    assert.deepEqual(pairs(await table().findLinks()), ['app-2=ext-2']);
    await table().deleteLink({ externalRecordId: 'ext-2' });
    assert.deepEqual((await table().findLinks()).items, []);
    await client.dataLinkTableInstance(id).delete();
    await manager.dataLinkTable(universal.id).archive();
  });
}

export const links = { subject: 'data link tables', calls, checks };
