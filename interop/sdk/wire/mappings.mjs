// Field mappings: what follows from a data source, and what a mapping does to the records an action answers.

import assert from 'node:assert/strict';
import { denied, notFound } from '../support.mjs';

const calls = [
  'GET /field-mappings/:fm/app-schema',
  'GET /field-mapping-instance?connectionId&fieldMappingKey&autoCreate=true',
  'POST /field-mapping-instances/:fm/setup',
  'POST /field-mappings/:fm/setup',
  'POST /field-mappings/:fm/setup -> 403',
];

function checks(check, { tag, manager, client, other, tasks }) {
  const key = `task-${tag}`;
  const appSchema = { type: 'object', properties: { subject: { type: 'string' }, status: { type: 'string' } } };
  const everything = { $var: '$' };
  let app;
  let instance;

  check('fieldMapping.getAppSchema', async () => {
    const universal = await manager.fieldMappings.create({
      key, name: 'Task', dataSourceKey: `work-${tag}`, appSchema,
      defaultImportValue: everything, defaultExportValue: everything,
    });
    assert.deepEqual(await client.fieldMapping(universal.id).getAppSchema(), appSchema);
    assert.deepEqual(await client.fieldMapping(key).getAppSchema(), appSchema);
    await notFound(() => client.fieldMapping(`none-${tag}`).getAppSchema());
  });
  check('an app’s mapping is derived from its collection’s unified model', async () => {
    app = await manager.integration('taskly').fieldMappings.create({ key });
    assert.equal(app.importValue.subject.$var, '$.title');
    assert.equal(app.exportValue.title.$var, '$.subject');
    assert.ok(app.dataSourceSchema.properties.title);
    assert.equal(app.state, 'READY');
  });
  check('fieldMapping.setup is the workspace’s', async () => {
    await denied(() => client.fieldMapping(app.id).setup());
    assert.equal((await manager.fieldMapping(app.id).setup()).id, app.id);
  });
  check('fieldMappingInstance, with the connection’s own source', async () => {
    const selector = { fieldMappingKey: key, connectionId: tasks, autoCreate: true };
    instance = await client.fieldMappingInstance(selector).get();
    assert.deepEqual([instance.connectionId, instance.fieldMappingId], [tasks, app.id]);
    const source = await client.dataSourceInstance({ dataSourceKey: `work-${tag}`, connectionId: tasks }).get();
    assert.equal(instance.dataSourceInstanceId, source.id);
    assert.equal((await client.fieldMappingInstance(instance.id).setup()).id, instance.id);
    await notFound(() => other.fieldMappingInstance(instance.id).setup());
  });
  check('the mapping counts in an action, the connection’s own before the app’s', async () => {
    const action = await manager.integration('taskly').actions.create({
      name: `Mapped ${tag}`,
      type: 'list-data-records',
      config: { dataSource: { key: `work-${tag}` }, fieldMapping: { key } },
    });
    const fields = async () => (await client.connection(tasks).action(action.key).run({})).output.records[0].fields;
    assert.ok((await fields()).subject);
    await client.fieldMappingInstance(instance.id).patch({ importValue: { heading: { $var: '$.title' } } });
    // What it does not say stays as the default has it.
    const own = await fields();
    assert.ok(own.heading && own.heading === own.subject);
    await client.fieldMappingInstance(instance.id).reset();
    const back = await fields();
    assert.ok(back.subject && back.heading === undefined);
    await manager.action(action.id).archive();
  });
}

export const mappings = { subject: 'field mapping instances', calls, checks };
