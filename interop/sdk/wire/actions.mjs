// Running actions, in each spelling the client has: some wrap the input, some send it as it is.

import assert from 'node:assert/strict';
import { ActionRunError, BadRequestError } from '@membranehq/sdk';
import { keys, notFound, throws } from '../support.mjs';

const calls = [
  'GET /actions?connectionId&search=send+message',
  'GET /actions?layer=universal',
  'POST /actions {name,integrationKey,type,config}',
  'GET /action?key&connectionId',
  'POST /actions/:act/run?connectionId {input}',
  'POST /actions/:act/run {input}',
  'POST /actions/:act/run?integrationKey {input}',
  'POST /action/run?key&integrationKey {input}',
  'POST /action/run?key&connectionId {input}',
  'POST /connections/:c/actions/:a/run {*}',
  'POST /connections/:c/actions/:a/run',
  'POST /connections/:c/actions/:a/run?instanceKey {*}',
  'POST /connections/:c/actions/[object%20Object]/run {a} -> 404',
  'POST /action-instance/run?id {*}',
  'GET /action-instance?connectionId&actionKey&autoCreate=true',
  'POST /action-instance/run?connectionId&actionKey&autoCreate=true {*}',
];

function checks(check, { wire, tag, manager, client, other, tasks, crm, theirs }) {
  const titled = async (id) => (await client.connection(tasks).proxy.get(`v1/tasks/${id}`)).title;
  const ran = async (title, { output, actionRunId }) => {
    assert.equal(await titled(output.id), title);
    const log = await client.get(`/action-run-logs/${actionRunId}`, { details: true });
    assert.deepEqual([log.status, log.input, log.connectionId], ['success', { title }, tasks]);
  };
  let made;

  check('actions.create, with its name as key, of an integration', async () => {
    made = await manager.actions.create({
      name: `Send message ${tag}`,
      integrationKey: 'taskly',
      type: 'api-request-to-external-app',
      config: { request: { method: 'GET', path: '/v1/tasks', query: { q: { $var: '$.input.text' }, limit: 1 } } },
    });
    assert.deepEqual([made.key, made.integration?.key ?? 'taskly'], [`send-message-${tag}`, 'taskly']);
    const { items } = await client.actions.find({ connectionId: tasks, search: 'send message' });
    assert.ok(keys(items).includes(made.key));
    assert.ok(!keys((await client.actions.find({ layer: 'universal' })).items).includes(made.key));
  });
  check('action(id).run with a connection', async () => {
    const { output } = await client.action(made.id).run({ text: 'nothing at all' }, { connectionId: tasks });
    assert.deepEqual(output.data, []);
  });
  check('action(key).run for an integration, and for none where one connection answers', async () => {
    await ran('One', await client.action('create-task').run({ title: 'One' }, { integrationKey: 'taskly' }));
    await ran('Two', await client.action('taskly.create-task').run({ title: 'Two' }));
    await ran('Three', await client.action({ key: 'create-task', integrationKey: 'taskly' }).run({ title: 'Three' }));
    await ran('Four', await client.action({ key: 'create-task', connectionId: tasks }).run({ title: 'Four' }));
  });
  check('connection.action(key).run sends the input as it is', async () => {
    const action = client.connection(tasks).action('create-task');
    const { value, asked } = await wire.during(() => action.run({ title: 'Five' }));
    assert.deepEqual(asked[0].body, { title: 'Five' });
    await ran('Five', value);
    const input = { input: { title: 'Wrapped' } };
    await throws(() => action.run(input), BadRequestError);
    assert.deepEqual((await client.connection(tasks).action(made.key).run()).output.data.length, 1);
  });
  check('connection.action(key, {instanceKey}).run takes that copy', async () => {
    const copy = client.connection(tasks).action(made.key, { instanceKey: 'two' });
    await copy.get({ autoCreate: true });
    await copy.patch({ config: { request: { method: 'GET', path: '/v1/tasks', query: { limit: 2 } } } });
    assert.equal((await copy.run({})).output.data.length, 2);
    assert.equal((await client.connection(tasks).action(made.key).run({})).output.data.length, 1);
  });
  check('a changed copy runs for its connection alone', async () => {
    const copy = client.connection(tasks).action(made.key);
    await copy.patch({ config: { request: { method: 'GET', path: '/v1/me' } } });
    assert.ok((await copy.run({})).output.email);
    assert.ok((await client.action(made.id).run({}, { connectionId: tasks })).output.email);
    assert.equal((await other.connection(theirs).action(made.key).run({})).output.data.length, 1);
    await copy.archive();
    assert.equal((await client.connection(tasks).action(made.key).run({})).output.data.length, 1);
  });
  check('an object below a connection is written as [object Object], and nothing is found', async () => {
    await notFound(() => client.connection(tasks).action({ key: 'create-task' }).run({ a: 1 }));
  });
  check('actionInstance.run sends the input as it is', async () => {
    const selector = { connectionId: tasks, actionKey: 'create-task', autoCreate: true };
    const { id } = await client.actionInstance(selector).get();
    await ran('Six', await client.actionInstance(id).run({ title: 'Six' }));
    await ran('Seven', await client.actionInstance(selector).run({ title: 'Seven' }));
    await notFound(() => other.actionInstance(id).run({ title: 'x' }));
    await client.actionInstance(id).archive();
  });
  check('a failed run says so, and is in the log', async () => {
    const run = () => client.connection(crm).action('create-contact').run({ email: 'no address' });
    const error = await throws(run, ActionRunError);
    const log = await client.get(`/action-run-logs/${error.data.actionRunId}`);
    assert.deepEqual([log.status, log.connectionId], ['error', crm]);
    assert.ok(log.error.message);
    await notFound(() => other.get(`/action-run-logs/${error.data.actionRunId}`));
  });
  check('another customer’s connection runs nothing', async () => {
    await notFound(() => other.action('create-task').run({ title: 'x' }, { connectionId: tasks }));
    await notFound(() => other.action({ key: 'create-task', connectionId: tasks }).run({ title: 'x' }));
    await manager.action(made.id).archive();
  });
}

export const actions = { subject: 'runs of actions', calls, checks };
