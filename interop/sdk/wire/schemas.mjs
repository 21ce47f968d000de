// Schemas of the product's records: the workspace's, and a customer's instance that follows it until it is changed.

import assert from 'node:assert/strict';
import { denied, ids, notFound } from '../support.mjs';

const calls = [
  'GET /app-data-schemas',
  'GET /app-data-schemas?search',
  'GET /app-data-schemas?limit=1000&cursor=0',
  'POST /app-data-schemas {name,key,schema}',
  'GET /app-data-schemas/:s',
  'PATCH /app-data-schemas/:s {schema}',
  'PATCH /app-data-schemas/:s {schema} -> 403',
  'PUT /app-data-schemas/:s {*}',
  'DELETE /app-data-schemas/:s',
  'POST /app-data-schemas/:s/restore',
  'GET /app-data-schema-instances',
  'POST /app-data-schema-instance?appDataSchemaKey {schema}',
  'GET /app-data-schema-instance?appDataSchemaKey',
  'GET /app-data-schema-instance?appDataSchemaKey&autoCreate=true',
  'GET /app-data-schema-instance?id',
  'PATCH /app-data-schema-instance?id {schema}',
  'PUT /app-data-schema-instance?id {*}',
  'POST /app-data-schema-instance/setup?id',
  'DELETE /app-data-schema-instance?id',
  'POST /app-data-schema-instance/restore?id',
];

const schemaOf = (...names) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
});

function checks(check, { tag, me, manager, client, other }) {
  const key = `person-${tag}`;
  const instance = (by = client) => by.appDataSchemaInstance({ appDataSchemaKey: key });
  let universal;
  let id;

  check('appDataSchemas: create, find, get', async () => {
    const fields = { name: 'Person', key, schema: schemaOf('name') };
    await denied(() => client.appDataSchemas.create(fields));
    universal = await manager.appDataSchemas.create(fields);
    assert.deepEqual([universal.key, universal.schema, universal.tenantId], [key, schemaOf('name'), undefined]);
    assert.equal((await client.appDataSchema(key).get()).id, universal.id);
    assert.ok(ids((await client.appDataSchemas.find({ search: key })).items).includes(universal.id));
    assert.ok(ids((await other.appDataSchemas.find()).items).includes(universal.id));
    assert.ok(ids(await client.appDataSchemas.findAll()).includes(universal.id));
  });
  check('appDataSchemaInstance: made by asking for it, follows until it is changed', async () => {
    await notFound(() => instance().get());
    const made = await client.appDataSchemaInstance({ appDataSchemaKey: key, autoCreate: true }).get();
    assert.deepEqual([made.appDataSchemaId, made.userId, made.schema], [universal.id, me, schemaOf('name')]);
    ({ id } = made);
    assert.equal((await instance().get()).id, id);
    assert.equal(await instance().getId(), id);
    await manager.appDataSchema(key).patch({ schema: schemaOf('name', 'email') });
    assert.deepEqual((await client.appDataSchemaInstance(id).get()).schema, schemaOf('name', 'email'));
    const changed = await client.appDataSchemaInstance(id).patch({ schema: schemaOf('own') });
    assert.deepEqual([changed.schema, changed.isCustomized], [schemaOf('own'), true]);
    await manager.appDataSchema(key).patch({ schema: schemaOf('name') });
    assert.deepEqual((await instance().get()).schema, schemaOf('own'));
    assert.deepEqual((await client.appDataSchema(key).get()).schema, schemaOf('name'));
    await denied(() => client.appDataSchema(key).patch({ schema: schemaOf('mine') }));
  });
  check('appDataSchemaInstance: put, setup; another customer has none', async () => {
    const whole = await instance().get();
    const put = await client.appDataSchemaInstance(id).put({ ...whole, schema: schemaOf('put') });
    assert.deepEqual([put.id, put.schema], [id, schemaOf('put')]);
    await client.appDataSchemaInstance(id).setup();
    assert.deepEqual((await instance().get()).schema, schemaOf('put'));
    assert.ok(ids((await client.appDataSchemaInstances.find()).items).includes(id));
    assert.ok(!ids((await other.appDataSchemaInstances.find()).items).includes(id));
    await notFound(() => other.appDataSchemaInstance(id).get());
    await notFound(() => other.appDataSchemaInstance(id).patch({ schema: schemaOf('x') }));
    await notFound(() => instance(other).get());
  });
  check('appDataSchemaInstance: archive, restore, delete, and made with fields', async () => {
    await client.appDataSchemaInstance(id).archive();
    await notFound(() => client.appDataSchemaInstance(id).get());
    assert.equal((await client.appDataSchemaInstance(id).restore()).id, id);
    await client.appDataSchemaInstance(id).delete();
    await notFound(() => client.appDataSchemaInstance(id).get());
    const made = await instance().create({ schema: schemaOf('made') });
    assert.deepEqual([made.appDataSchemaId, made.userId, made.schema], [universal.id, me, schemaOf('made')]);
    assert.equal((await instance().get()).id, made.id);
  });
  check('appDataSchema: put, archive, restore', async () => {
    const whole = await manager.appDataSchema(key).get();
    const put = await manager.appDataSchema(key).put({ ...whole, name: 'Put', description: undefined });
    assert.deepEqual([put.id, put.name, put.schema], [universal.id, 'Put', schemaOf('name')]);
    await denied(() => client.appDataSchema(universal.id).archive());
    await manager.appDataSchema(universal.id).archive();
    await notFound(() => client.appDataSchema(universal.id).get());
    assert.equal((await manager.appDataSchema(universal.id).restore()).id, universal.id);
    await manager.appDataSchema(universal.id).archive();
  });
}

export const schemas = { subject: 'app data schemas', calls, checks };
