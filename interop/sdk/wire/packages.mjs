// Packages of elements, and screens.

import assert from 'node:assert/strict';
import { BadRequestError } from '@membranehq/sdk';
import { denied, ids, notFound, throws } from '../support.mjs';

const callsOf = (path) => [
  `GET /${path}s`,
  `GET /${path}s?search`,
  `GET /${path}s?limit=1000&cursor=0`,
  `POST /${path}s {*} -> 403`,
  `GET /${path}s/:e`,
  `PATCH /${path}s/:e {name}`,
  `PATCH /${path}s/:e {name} -> 403`,
  `PUT /${path}s/:e {*}`,
  `DELETE /${path}s/:e`,
  `DELETE /${path}s/:e -> 403`,
  `POST /${path}s/:e/restore`,
];
const calls = [
  ...callsOf('package'),
  'POST /packages {name,key,elements}',
  'POST /packages {name,key,integrationKey}',
  'GET /package?key',
  ...callsOf('screen'),
  'POST /screens {name,key,type,blocks}',
  'GET /screen?type=integration&key',
];

// What both kinds do, for one made of some fields, of which `field` says the most.
function life(check, { manager, client }, { name, one, field, fields }) {
  let id;
  check(`${name}: create, find, get`, async () => {
    const given = await fields();
    await denied(() => client[name].create(given));
    const made = await manager[name].create(given);
    assert.deepEqual([made.key, made.name, made[field]], [given.key, given.name, given[field]]);
    ({ id } = made);
    assert.equal((await client[one](given.key).get()).id, id);
    assert.deepEqual(ids((await client[name].find({ search: given.key })).items), [id]);
    assert.ok(ids((await client[name].find()).items).includes(id));
    assert.ok(ids(await client[name].findAll()).includes(id));
  });
  check(`${one}: patch, put`, async () => {
    await denied(() => client[one](id).patch({ name: 'Mine' }));
    const before = await client[one](id).get();
    const patched = await manager[one](id).patch({ name: 'Renamed' });
    assert.deepEqual([patched.name, patched[field]], ['Renamed', before[field]]);
    const put = await manager[one](id).put({ ...before, name: 'Put', [field]: [] });
    assert.deepEqual([put.id, put.name, put[field]], [id, 'Put', []]);
    assert.deepEqual((await client[one](id).get())[field], []);
  });
  check(`${one}: archive, restore`, async () => {
    await denied(() => client[one](id).archive());
    await manager[one](id).archive();
    await notFound(() => client[one](id).get());
    assert.equal((await manager[one](id).restore()).id, id);
    assert.equal((await client[one](id).get()).name, 'Put');
  });
}

function checks(check, world) {
  const { tag, manager, client } = world;
  let action;
  life(check, world, {
    name: 'packages', one: 'package', field: 'elements',
    fields: async () => {
      action = await manager.actions.create({ name: `Packed ${tag}`, key: `packed-${tag}` });
      return { name: 'Package', key: `package-${tag}`, elements: [{ type: 'action', id: action.id }] };
    },
  });
  check('package: of an integration follows the workspace’s of the same key; by an object', async () => {
    const key = `package-${tag}`;
    const universal = await client.package({ key }).get();
    const app = await manager.packages.create({ name: 'Of Taskly', key, integrationKey: 'taskly' });
    assert.deepEqual([app.parentId, app.integrationId], [universal.id, (await client.integration('taskly').get()).id]);
    await manager.package(app.id).archive();
  });
  check('package: holds only what can be packed', async () => {
    const wrong = { name: 'x', key: `wrong-${tag}`, elements: [{ type: 'connection', id: world.tasks }] };
    await throws(() => manager.packages.create(wrong), BadRequestError);
    await manager.action(action.id).archive();
  });
  life(check, world, {
    name: 'screens', one: 'screen', field: 'blocks',
    fields: async () => {
      const blocks = [{ type: 'action', key: 'a' }];
      return { name: 'Screen', key: `screen-${tag}`, type: 'integration', blocks };
    },
  });
  check('screen({type, key}).get', async () => {
    const screen = await client.screen({ type: 'integration', key: `screen-${tag}` }).get();
    assert.deepEqual([screen.type, screen.key], ['integration', `screen-${tag}`]);
    await manager.screen(screen.id).archive();
  });
}

export const packages = { subject: 'packages and screens', calls, checks };
