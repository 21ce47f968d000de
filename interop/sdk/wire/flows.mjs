// What flows have beyond the other kinds with layers: nodes that are changed one by one, and a switch.

import assert from 'node:assert/strict';
import { denied, ids, notFound } from '../support.mjs';

const calls = [
  'GET /flow-instances',
  'GET /flow-instances?connectionId&enabled=true',
  'GET /flow-instance?id',
  'POST /flow-instances {connectionId,name,nodes}',
  'PATCH /flow-instance?id {enabled}',
  'PATCH /connections/:c/flows/:f {enabled}',
  'POST /flow-instances/:fi/reset {name}',
  'POST /flow-instances/:fi/reset {nodes}',
  'POST /flow-instances/:fi/setup',
  'POST /flow-instances/:fi/update-to-latest-flow',
  'POST /integrations/:i/flows {name,key,nodes}',
];

function checks(check, { tag, manager, client, other, tasks }) {
  const key = `sync-${tag}`;
  const node = (name) => ({ type: 'api-trigger', name });
  let flow;
  let id;

  check('a flow and its instance', async () => {
    const fields = { name: 'Sync', key, nodes: { first: node('First'), second: node('Second') } };
    await denied(() => client.integration('taskly').flows.create(fields));
    flow = await manager.integration('taskly').flows.create(fields);
    assert.deepEqual([flow.state, flow.nodes.first.name, flow.nodes.first.state], ['READY', 'First', 'READY']);
    const instance = await client.flowInstance({ connectionId: tasks, flowKey: key, autoCreate: true }).get();
    assert.deepEqual([instance.connectionId, instance.flowId, instance.isCustomized], [tasks, flow.id, false]);
    ({ id } = instance);
    assert.ok(ids((await client.flowInstances.find()).items).includes(id));
    assert.ok(!ids((await other.flowInstances.find()).items).includes(id));
  });
  check('flowInstance.enable, disable', async () => {
    assert.equal((await client.flowInstance(id).enable()).enabled, true);
    const on = async () => ids((await client.flowInstances.find({ connectionId: tasks, enabled: true })).items);
    assert.deepEqual([(await client.flowInstance(id).get()).enabled, (await on()).includes(id)], [true, true]);
    const above = await client.integration('taskly').flow(key).get();
    assert.notEqual(above.enabled, true, 'the others’ stay as they were');
    assert.equal((await client.flowInstance(id).disable()).enabled, false);
    assert.ok(!(await on()).includes(id));
    await notFound(() => other.flowInstance(id).enable());
  });
  check('connection.flow(key).enable, disable', async () => {
    assert.equal((await client.connection(tasks).flow(key).enable()).enabled, true);
    assert.equal((await client.flowInstance(id).get()).enabled, true);
    assert.equal((await client.connection(tasks).flow(key).disable()).enabled, false);
    assert.equal((await client.flowInstance(id).get()).isCustomized, false, 'a switch is no change of content');
  });
  check('flowInstance.patch of one node leaves the others with their parent', async () => {
    const { nodes } = await client.flowInstance(id).get();
    const patched = await client.flowInstance(id).patch({ name: 'Mine', nodes: { ...nodes, first: node('Mine') } });
    assert.deepEqual([patched.nodes.first.isCustomized, patched.nodes.first.name], [true, 'Mine']);
    assert.notEqual(patched.nodes.second.isCustomized, true);
    assert.equal(patched.customized.nodes, true);
    const parent = { first: node('First'), second: node('Changed') };
    await manager.integration('taskly').flow(key).patch({ nodes: parent });
    const after = await client.flowInstance(id).get();
    assert.deepEqual([after.nodes.first.name, after.nodes.second.name, after.name], ['Mine', 'Changed', 'Mine']);
  });
  check('flowInstance.reset of the name, of one node', async () => {
    const renamed = await client.flowInstance(id).reset({ name: true });
    assert.deepEqual([renamed.name, renamed.nodes.first.name], ['Sync', 'Mine']);
    const reset = await client.flowInstance(id).reset({ nodes: { first: true } });
    assert.deepEqual([reset.nodes.first.name, reset.id], ['First', id]);
    assert.equal((await client.flowInstance(id).get()).nodes.first.name, 'First');
  });
  check('flowInstance.updateToLatestFlow takes over the flow as it is, and keeps what is its own', async () => {
    const { nodes } = await client.flowInstance(id).get();
    await client.flowInstance(id).patch({ nodes: { ...nodes, first: node('Own') } });
    const parent = { first: node('Newer'), second: node('Newest'), third: node('Third') };
    const { revision } = await manager.integration('taskly').flow(key).patch({ nodes: parent });
    const updated = await client.flowInstance(id).updateToLatestFlow();
    assert.deepEqual([updated.id, updated.flowRevision], [id, revision]);
    assert.deepEqual(Object.values(updated.nodes).map(({ name }) => name), ['Own', 'Newest', 'Third']);
    assert.equal((await client.flowInstance(id).get()).flowRevision, revision);
    await notFound(() => other.flowInstance(id).updateToLatestFlow());
  });
  check('flowInstance.setup answers the instance', async () => {
    const set = await client.flowInstance(id).setup();
    assert.deepEqual([set.id, set.connectionId, set.state], [id, tasks, 'READY']);
  });
  check('flowInstances.create makes one without a flow above', async () => {
    const nodes = { only: node('Only') };
    const made = await client.flowInstances.create({ connectionId: tasks, name: `Own ${tag}`, nodes });
    assert.deepEqual([made.connectionId, made.flowId, made.nodes.only.name], [tasks, undefined, 'Only']);
    assert.equal((await client.flowInstance(made.id).get()).name, `Own ${tag}`);
    await notFound(() => other.flowInstance(made.id).get());
    await client.flowInstance(made.id).archive();
  });
  check('a node that cannot work is a state', async () => {
    const wrong = { first: { type: 'list-data-records', name: 'Of nothing', config: {} } };
    const broken = await manager.integration('taskly').flow(key).patch({ nodes: wrong });
    assert.deepEqual([broken.state, broken.nodes.first.state], ['CONFIGURATION_ERROR', 'SETUP_FAILED']);
    await manager.integration('taskly').flow(key).archive();
  });
}

export const flows = { subject: 'flow instances', calls, checks };
