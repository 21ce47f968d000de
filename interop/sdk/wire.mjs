// Makes every call of the official client that is known to go over the wire, and checks what is answered and what
// it does: who sees it, who may, what follows from it. The calls stand at the top of each file of `wire/`; in the
// end every one of them, and every method of the client's accessors, must have been used.
//
//   node wire.mjs --api URL --key WORKSPACE_KEY --secret WORKSPACE_SECRET --app TASK_MANAGER_URL --app CRM_URL

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Checks } from './checks.mjs';
import { args, clients, crmKey, taskKey, tellOfApps } from './support.mjs';
import { methods, missing, traced } from './wire/coverage.mjs';
import { Recorder } from './wire/recorder.mjs';
import { notYet, subjects } from './wire/subjects.mjs';

const wire = await Recorder.before(args.api);
const used = new Set();
const { withToken, customer, manager } = clients(wire.url);
const tag = randomUUID().slice(0, 8);
const me = `wire-${tag}`;
const world = {
  wire,
  tag,
  me,
  withToken: (token) => traced(withToken(token), used),
  customer: (tenantKey) => traced(customer(tenantKey), used),
  manager: traced(manager, used),
  client: traced(customer(me), used),
  other: traced(customer(`${me}-other`), used),
};

// Two apps of one customer, and one of another's.
await tellOfApps(manager);
const connected = (client, integrationKey, credentials) => client.connections.create({ integrationKey, credentials });
world.tasks = (await connected(world.client, 'taskly', { token: taskKey })).id;
world.crm = (await connected(world.client, 'contactly', { apiKey: crmKey })).id;
world.theirs = (await connected(world.other, 'taskly', { token: taskKey })).id;

const checks = new Checks();
const waiting = new Map(notYet.map(({ subject, why }) => [subject, why]));
assert.ok([...waiting.keys()].every((name) => subjects.some(({ subject }) => subject === name)), 'no such subject');
const later = [];
for (const { subject, calls, methods: own = [], checks: add } of subjects) {
  if (waiting.has(subject)) {
    console.log(`not yet: ${subject}: ${waiting.get(subject)} (${calls.length} calls)`);
    later.push(...own);
    continue;
  }
  add((name, run) => checks.add(`${subject}: ${name}`, run), world);
  checks.add(`${subject}: each of its ${calls.length} calls was made and answered`, async () => {
    assert.equal(missing(calls, wire.exchanges).join(', '), '');
  });
}
checks.add('every method of the client’s accessors was used', async () => {
  const isLater = (name) => later.some((start) => name.startsWith(start));
  const left = [...methods(manager)].filter((name) => !used.has(name) && !isLater(name));
  assert.equal(left.join(', '), '');
});

const failed = await checks.run();
await wire.close();
process.exitCode = failed > 0 ? 1 : 0;
