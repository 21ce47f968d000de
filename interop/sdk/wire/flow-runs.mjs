// Running flows.

import assert from 'node:assert/strict';
import { ids, notFound } from '../support.mjs';

const calls = [
  'POST /flow-runs {flowInstanceId,input}',
  'POST /flow-runs {flowInstanceId,nodeKey,input}',
  'POST /flow-runs {flowInstanceId,startNodeKey,input}',
  'GET /flow-runs?flowInstanceId',
  'GET /flow-runs/:r',
  'GET /flow-runs/:r/output',
  'POST /flow-runs/:r/stop',
  'GET /flow-runs/:r/nodes/:n/runs/limit=1',
  'GET /flow-runs/:r/nodes/:n/runs/:id',
  'GET /flow-runs/:r/nodes/:n/outputs?limit=1',
  'GET /flow-runs/:r/nodes/:n/output/:id',
  'POST /connections/:c/flows/:f/run {nodeKey,input,meta}',
];

function checks(check, { tag, manager, client, other, tasks }) {
  const key = `run-${tag}`;
  const nodes = {
    start: { type: 'api-trigger', name: 'Start', links: [{ key: 'make' }] },
    make: {
      type: 'create-data-record',
      config: {
        dataSource: { collectionKey: 'tasks' },
        fieldMapping: { input: { title: { $var: '$.input.start.title' } } },
      },
    },
  };
  const titled = async (query) => (await client.connection(tasks).dataCollection('tasks').search({ query })).records;
  let id;
  let run;

  check('flowInstance.run resolves when the run is completed', async () => {
    await manager.integration('taskly').flows.create({ name: 'Run', key, nodes });
    ({ id } = await client.flowInstance({ connectionId: tasks, flowKey: key, autoCreate: true }).get());
    await client.flowInstance(id).enable();
    run = await client.flowInstance(id).run({ input: { title: `Flow ${tag}` } });
    assert.deepEqual([run.state, run.connectionFlowId, run.startNodeKey], ['completed', id, 'start']);
    assert.equal((await titled(`Flow ${tag}`)).length, 1);
  });
  check('flowRuns.find, flowRun.get', async () => {
    assert.ok(ids((await client.flowRuns.find({ flowInstanceId: id })).items).includes(run.id));
    const { state, nodes: done, launchedBy } = await client.flowRun(run.id).get();
    assert.deepEqual([state, done.make.state, done.make.runs], ['completed', 'completed', 1]);
    assert.equal(launchedBy.type, 'api-trigger');
    await notFound(() => other.flowRun(run.id).get());
    assert.deepEqual((await other.flowRuns.find({})).items, []);
  });
  check('the runs and outputs of a node', async () => {
    const runs = (await client.flowRun(run.id).getNodeRuns('make', { limit: 1 })).items;
    assert.deepEqual(runs.map(({ status }) => status), ['completed']);
    assert.equal((await client.flowRun(run.id).getNodeRun('make', runs[0].id)).id, runs[0].id);
    const [output] = (await client.flowRun(run.id).getNodeOutputs('make', { limit: 1 })).items;
    assert.ok(await client.flowRun(run.id).getNodeOutput('make', output.id));
    assert.ok(await client.flowRun(run.id).getOutput());
  });
  check('flowInstance.startRun, flowRun.repeat, stop', async () => {
    const started = await client.flowInstance(id).startRun({ nodeKey: 'start', input: { title: `Started ${tag}` } });
    assert.ok(started.id && ['queued', 'running', 'completed'].includes(started.state));
    const again = await client.flowRun(run.id).repeat();
    assert.deepEqual([again.startNodeKey, again.input], ['start', { title: `Flow ${tag}` }]);
    await client.flowRun(again.id).stop();
    assert.ok(['stopped', 'completed'].includes((await client.flowRun(again.id).get()).state));
  });
  check('connection.flow(key).run, flowRuns.create', async () => {
    const given = { nodeKey: 'start', input: { title: `Below ${tag}` }, meta: { a: 1 } };
    const started = await client.connection(tasks).flow(key).run(given);
    assert.deepEqual((await client.flowRun(started.id).get()).meta, { a: 1 });
    const input = { title: `Created ${tag}` };
    assert.ok((await client.flowRuns.create({ flowInstanceId: id, input })).id);
    await notFound(() => other.connection(tasks).flow(key).run(given));
    await notFound(() => other.flowRuns.create({ flowInstanceId: id, input }));
  });
  check('a failed run rejects with its first error', async () => {
    const wrong = await client.flowInstance(id).startRun({ input: {} });
    const error = await client.flowInstance(id).run({ input: {} }).catch((thrown) => thrown);
    assert.match(error.message, /failed: ./);
    assert.ok(wrong.id);
  });
}

export const flowRuns = {
  subject: 'flow runs',
  calls,
  checks,
  methods: [
    'FlowRunAccessor.', 'FlowRunsAccessor.', 'FlowInstanceAccessor.run', 'FlowInstanceAccessor.startRun',
    'ConnectionLevelFlowAccessor.run',
  ],
};
