// What the client does in a browser to connect, as far as it goes over the wire without one.

import assert from 'node:assert/strict';
import { notFound, taskKey } from '../support.mjs';

const calls = ['POST /connection-options {integrationKey}', 'POST /connect {*}', 'GET /sse/connection-events/:r?token'];

function checks(check, { wire, tag, client }) {
  check('connection-options', async () => {
    const [option, ...more] = await client.post('/connection-options', { integrationKey: 'taskly' });
    assert.deepEqual([option.type, more], ['client-credentials', []]);
    assert.deepEqual(option.inputSchema.required, ['token']);
    await notFound(() => client.post('/connection-options', { integrationKey: 'nothing' }));
  });
  check('a form to connect, and the event that says it is done', async () => {
    const token = await client.getToken();
    const requestId = `request-${tag}`;
    const stream = await fetch(`${wire.url}/sse/connection-events/${requestId}?token=${token}`);
    assert.match(stream.headers.get('content-type'), /^text\/event-stream/);
    const asked = { token, requestId, integrationKey: 'taskly', input: { token: taskKey } };
    const body = new URLSearchParams({ payload: JSON.stringify(asked) });
    const answer = await fetch(`${wire.url}/connect`, { method: 'POST', body });
    assert.ok(answer.ok);
    let text = '';
    for await (const part of stream.body) {
      text += Buffer.from(part);
      if (text.includes('\n\n')) break;
    }
    const message = JSON.parse(/^data: ?(.*)$/m.exec(text)[1]);
    const { source, type } = message;
    assert.deepEqual([source, message.requestId, type], ['integration.app', requestId, 'newConnectionCreated']);
    assert.equal((await client.connection(message.connection.id).get()).connected, true);
  });
}

export const connecting = { subject: 'connecting in a browser', calls, checks };
