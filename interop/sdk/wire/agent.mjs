// Sessions with the agent, which the client has no accessor for.

import assert from 'node:assert/strict';
import { notFound } from '../support.mjs';

const calls = ['POST /agent/sessions {prompt}'];

function checks(check, { client, other }) {
  check('post(agent/sessions)', async () => {
    const session = await client.post('agent/sessions', { prompt: 'x' });
    assert.ok(session.id && session.prompt === 'x' && session.status);
    assert.equal((await client.get(`agent/sessions/${session.id}`)).id, session.id);
    await notFound(() => other.get(`agent/sessions/${session.id}`));
  });
}

export const agent = { subject: 'agent sessions', calls, checks };
