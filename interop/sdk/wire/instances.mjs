// The older names of a connection's own copies: `actionInstance({connectionId, actionKey})` and the like.

import assert from 'node:assert/strict';
import { ids, notFound } from '../support.mjs';

export const instanceCalls = ({ path, field, selector, revisesById }) => {
  const query = `connectionId&${selector}`;
  return [
    `GET /${path}-instances?connectionId`,
    `GET /${path}-instance?id`,
    `GET /${path}-instance?${query}`,
    `GET /${path}-instance?${query}&autoCreate=true`,
    `POST /${path}-instance?${query} {*}`,
    `PUT /${path}-instance?id {*}`,
    `PATCH /${path}-instance?id {name}`,
    `PATCH /${path}-instance?${query} {${field}}`,
    `DELETE /${path}-instance?id`,
    `DELETE /${path}-instance?${query}`,
    `POST /${path}-instance/restore?id`,
    ...(revisesById
      ? [`POST /${path}-instances/:id/setup`, `POST /${path}-instances/:id/reset`]
      : [`POST /${path}-instance/setup?id`, `POST /${path}-instance/reset?${query}`]),
  ];
};

// Checks them for an element above with the id `makes()` and the key `key`, of which a field is `value`.
export function instanceChecks(check, { wire, client, other, tasks, crm }, kind) {
  const { one, field, values, selector, key } = kind;
  const instance = (by, given = { connectionId: tasks, [selector]: key }) => by[`${one}Instance`](given);
  const [first, second, third] = values;
  let id;

  check('instance: made with content of its own', async () => {
    const accessor = instance(client);
    const made = await accessor.create({ ...kind.content, [field]: first });
    assert.deepEqual([made.connectionId, made[kind.parent], made[field]], [tasks, kind.makes(), first]);
    assert.equal(made.isCustomized, true);
    assert.equal((await instance(client).get()).id, made.id);
    assert.equal(await accessor.getId(), made.id);
    await instance(client).delete();
  });
  check('instance: made by asking for it', async () => {
    const given = { connectionId: tasks, [selector]: key, autoCreate: true };
    const made = await instance(client, given).get();
    assert.deepEqual([made.connectionId, made[kind.parent], made.isCustomized], [tasks, kind.makes(), false]);
    ({ id } = made);
    assert.equal((await instance(client, given).get()).id, id, 'once');
    assert.equal((await instance(client).get()).id, id);
    assert.equal((await instance(client, id).get()).id, id);
    assert.equal(await instance(client).getId(), id);
    await notFound(() => instance(other, id).get());
    await notFound(() => instance(other).get());
  });
  check('instances.find: the customer’s own', async () => {
    const { items } = await client[`${one}Instances`].find({ connectionId: tasks });
    assert.ok(ids(items).includes(id) && items.every((item) => item.connectionId === tasks));
    assert.ok(!ids((await client[`${one}Instances`].find({ connectionId: crm })).items).includes(id));
    assert.ok(!ids((await other[`${one}Instances`].find()).items).includes(id));
  });
  check('instance: patch, put', async () => {
    const named = await instance(client, id).patch({ name: 'Mine' });
    assert.deepEqual([named.name, named[field], named.isCustomized], ['Mine', kind.value, false]);
    const changed = await instance(client).patch({ [field]: second });
    assert.deepEqual([changed.id, changed[field], changed.isCustomized], [id, second, true]);
    const put = await instance(client, id).put({ ...changed, name: 'Put', [field]: third });
    assert.deepEqual([put.id, put.name, put[field]], [id, 'Put', third]);
    await notFound(() => instance(other, id).patch({ name: 'Theirs' }));
    await notFound(() => instance(other, id).put({ name: 'Theirs' }));
  });
  check('instance: setup, reset', async () => {
    const accessor = instance(client, id);
    await accessor.setup();
    assert.deepEqual((await instance(client, id).get())[field], third);
    const { lines } = await wire.during(() => instance(client).reset());
    if (kind.revisesById) {
      assert.match(lines[0], new RegExp(`^GET /${kind.path}-instance\\?`));
      assert.equal(lines[1], `POST /${kind.path}-instances/${id}/reset`);
    }
    const after = await instance(client, id).get();
    assert.deepEqual([after.id, after[field], after.isCustomized], [id, kind.value, false]);
    await notFound(() => instance(other, id).setup());
    await notFound(() => instance(other, id).reset());
  });
  check('instance: archive, restore, delete', async () => {
    await notFound(() => instance(other, id).archive());
    await instance(client, id).archive();
    await notFound(() => instance(client, id).get());
    assert.equal((await instance(client, id).restore()).id, id);
    assert.equal((await instance(client, id).get()).id, id);
    await instance(client, id).delete();
    await notFound(() => instance(client, id).get());
  });
}
