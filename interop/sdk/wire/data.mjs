// Data collections of a connection, and requests to the app itself.

import assert from 'node:assert/strict';
import { BadRequestError } from '@membranehq/sdk';
import { notFound, throws } from '../support.mjs';

const calls = [
  'GET /connections/:c/data/:contacts',
  'GET /connections/:c/data/:notes?contactId',
  'POST /connections/:c/data/:contacts/list {cursor,filter}',
  'POST /connections/:c/data/:contacts/list {}',
  'POST /connections/:c/data/:contacts/list',
  'POST /connections/:c/data/:notes/list?contactId {}',
  'POST /connections/:c/data/:contacts/search {query}',
  'POST /connections/:c/data/:contacts/match {query}',
  'POST /connections/:c/data/:contacts/find-by-id {id}',
  'POST /connections/:c/data/:contacts/create {fields}',
  'POST /connections/:c/data/:contacts/update {id,fields}',
  'POST /connections/:c/data/:contacts/delete {id}',
  'GET /connections/:c/proxy/v1/me',
  'POST /connections/:c/proxy/v1/tasks {title}',
  'PUT /connections/:c/proxy/api/contacts/:id {*}',
  'PATCH /connections/:c/proxy/v1/tasks/:id {title}',
  'DELETE /connections/:c/proxy/v1/tasks/:id',
  'POST /connections/:c/api/v1/tasks {title}',
];

function checks(check, { wire, tag, client, other, tasks, crm }) {
  const list = (given, parameters) => client.connection(tasks).dataCollection(given, parameters);
  let id;
  let contact;

  check('dataCollection.get says what it can do', async () => {
    const spec = await list('tasks').get();
    assert.deepEqual([spec.type, spec.key, spec.create.requiredFields], ['collection', 'tasks', ['title']]);
    assert.ok(spec.list.filterFields.includes('status') && spec.fieldsSchema.properties.title);
    await notFound(() => list('nothing').get());
  });
  check('dataCollection.create, and what it made', async () => {
    const fields = { title: `Wire ${tag}`, status: 'open' };
    ({ id } = await list('tasks').create({ fields }));
    assert.equal((await client.connection(tasks).proxy.get(`v1/tasks/${id}`)).title, `Wire ${tag}`);
    await throws(() => list('tasks').create({ fields: {} }), BadRequestError);
  });
  check('dataCollection.findById', async () => {
    const { record } = await list('tasks').findById({ id });
    assert.deepEqual([record.id, record.name, record.fields.status], [id, `Wire ${tag}`, 'open']);
    assert.ok(record.uri && record.createdTime);
    await notFound(() => list('tasks').findById({ id: 'nothing' }));
  });
  check('dataCollection.list with a cursor and a filter', async () => {
    const first = await list('tasks').list({ filter: { status: 'open' } });
    assert.ok(first.cursor && first.records.every((record) => record.fields.status === 'open'));
    const next = await list('tasks').list({ cursor: first.cursor, filter: { status: 'open' } });
    const seen = new Set(first.records.map((record) => record.id));
    assert.ok(next.records.every((record) => !seen.has(record.id) && record.fields.status === 'open'));
    assert.deepEqual((await list('projects').list({})).records, (await list('projects').list()).records);
  });
  check('dataCollection.search, match', async () => {
    const { records } = await list('tasks').search({ query: `Wire ${tag}` });
    assert.deepEqual(records.map((record) => record.id), [id]);
    assert.equal((await list('tasks').match({ query: { title: `Wire ${tag}` } })).record.id, id);
    assert.equal((await list('tasks').match({ query: { title: `Nobody ${tag}` } })).record, undefined);
  });
  check('dataCollection.update changes what is given', async () => {
    assert.deepEqual(await list('tasks').update({ id, fields: { status: 'done' } }), { id });
    const { record } = await list('tasks').findById({ id });
    assert.deepEqual([record.fields.status, record.fields.title], ['done', `Wire ${tag}`]);
  });
  check('dataCollection.delete', async () => {
    await list('tasks').delete({ id });
    await notFound(() => list('tasks').findById({ id }));
  });
  check('dataCollection with parameters: in the query, empty ones dropped', async () => {
    const fields = { email: `${tag}@example.com` };
    contact = (await client.connection(crm).dataCollection('contacts').create({ fields })).id;
    const notes = client.connection(crm).dataCollection('notes', { contactId: contact, x: '' });
    await notes.create({ fields: { text: 'Hello' } });
    const { value, lines } = await wire.during(() => notes.list({}));
    assert.deepEqual(lines, [`POST /connections/${crm}/data/notes/list?contactId=${contact}`]);
    assert.deepEqual(value.records.map((record) => record.fields.text), ['Hello']);
    assert.equal((await notes.get()).key, 'notes');
  });
  check('proxy.get, with the query in the path', async () => {
    assert.ok((await client.connection(tasks).proxy.get('v1/me')).email);
    const { data } = await client.connection(tasks).proxy.get('/v1/tasks?limit=3&status=open');
    assert.ok(data.length === 3 && data.every((task) => task.status === 'open'));
  });
  check('proxy.post, patch, put, delete reach the app', async () => {
    const { proxy } = client.connection(tasks);
    const made = await proxy.post('v1/tasks', { title: 'hi' });
    assert.equal((await proxy.patch(`v1/tasks/${made.id}`, { title: 'Changed' })).title, 'Changed');
    assert.equal((await list('tasks').findById({ id: made.id })).record.name, 'Changed');
    // The client drops what is given to a delete.
    const { asked } = await wire.during(() => proxy.delete(`v1/tasks/${made.id}`, { b: 1 }));
    assert.equal(asked[0].body, undefined);
    await notFound(() => list('tasks').findById({ id: made.id }));
    const row = { email: `${tag}@example.com`, first_name: 'Ada' };
    await client.connection(crm).proxy.put(`api/contacts/${contact}`, row);
    assert.equal((await client.connection(crm).proxy.get(`api/contacts/${contact}`)).first_name, 'Ada');
  });
  check('connection.request, the older spelling of a post to the app', async () => {
    const made = await client.connection(tasks).request('v1/tasks', { title: `Older ${tag}` });
    assert.equal((await list('tasks').findById({ id: made.id })).record.name, `Older ${tag}`);
  });
  check('connection.request data/…/list, from which the React package takes its choices', async () => {
    const { records } = await client.post(`/connections/${tasks}/api/data/projects/list`);
    assert.ok(records.length > 0 && records.every((record) => record.id && record.name));
  });
  check('another customer reaches neither records nor the app', async () => {
    await notFound(() => other.connection(tasks).dataCollection('tasks').get());
    await notFound(() => other.connection(tasks).dataCollection('tasks').create({ fields: { title: 'x' } }));
    await notFound(() => other.connection(tasks).proxy.get('v1/me'));
    await notFound(() => other.connection(tasks).proxy.post('v1/tasks', { title: 'x' }));
    await notFound(() => other.connection(tasks).request('v1/tasks', { title: 'x' }));
  });
}

export const data = { subject: 'data and proxy', calls, checks };
