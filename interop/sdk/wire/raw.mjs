// Calls by path, what the client makes of a query, and what it does not have.

import assert from 'node:assert/strict';
import { keys, notFound, rejected } from '../support.mjs';

const calls = ['GET /connectors?limit=5&z=0', 'GET /connectors/:c', 'GET /integrations?limit=2'];

function checks(check, { wire, client, tasks }) {
  check('get(/connectors): empty values are dropped, 0 stays', async () => {
    const { value, lines } = await wire.during(() => client.get('/connectors', { limit: 5, search: '', z: 0 }));
    assert.deepEqual(lines, ['GET /connectors?limit=5&z=0']);
    assert.ok(value.items.length <= 5 && value.items.every((item) => item.key && item.name));
    const all = (await client.get('/connectors', { limit: 1000 })).items;
    assert.ok(keys(all).includes('taskly') && keys(all).includes('contactly'));
  });
  check('get(/connectors/…)', async () => {
    assert.equal((await client.get('/connectors/taskly')).name, 'Taskly');
    await notFound(() => client.get('/connectors/nothing'));
  });
  check('every kind of empty value, and lists and objects', async () => {
    const given = { a: null, b: undefined, c: '  ', d: NaN, e: {}, f: [], limit: 2 };
    const { value, lines } = await wire.during(() => client.get('/integrations', given));
    assert.deepEqual(lines, ['GET /integrations?limit=2']);
    assert.equal(value.items.length, 2);
    const odd = await wire.during(() => client.get('/integrations', { search: ['a', 'b'], cursor: { a: 1 } }));
    assert.deepEqual(odd.lines, ['GET /integrations?search=a%2Cb&cursor=%5Bobject+Object%5D']);
  });
  check('what the client does not have sends nothing', async () => {
    const { lines } = await wire.during(async () => {
      for (const name of ['tenants', 'connectors', 'scenarios']) assert.equal(client[name], undefined);
      assert.equal(client.integrations.list, undefined);
      assert.equal(client.connections.ensure, undefined);
      assert.equal(client.actions.list, undefined);
      assert.equal(client.action('a').apply, undefined);
      assert.equal(client.connection(tasks).operations, undefined);
      assert.equal(client.connection(tasks).dataCollections, undefined);
      assert.equal(client.connection(tasks).actions.find, undefined);
      assert.match((await rejected(async () => client.scenarios.find())).message, /undefined/);
    });
    assert.deepEqual(lines, []);
  });
}

export const raw = { subject: 'calls by path', calls, checks };
