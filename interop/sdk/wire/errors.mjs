// What the client makes of errors: it knows the types at the top level of a body, and nothing of the status.

import assert from 'node:assert/strict';
import {
  ActionRunError, BadRequestError, ConfigurationError, ConnectionError, isMembraneError,
} from '@membranehq/sdk';
import { denied, notAuthenticated, notFound, rejected, taskUrl, throws } from '../support.mjs';

const calls = [
  'GET /connections/:c?includeSecrets=false -> 404',
  'GET /self -> 401',
  'GET /customers -> 403',
  'POST /integrations {name,key,connectorKey,parameters} -> 400',
  'POST /connections/:c/actions/:a/run {} -> 400',
  'POST /connections {integrationKey,credentials} -> 400',
  'GET /connections/:c/proxy/v1/tasks/none -> 404',
];

// The types and keys the client knows, and the status that goes with a key.
const TYPES = [
  'bad_request', 'connection', 'configuration', 'dependency_error', 'flow_run', 'flow_instance_setup', 'concurrency',
  'internal', 'action_run', 'action_instance_setup', 'unit_run', 'custom_code', 'insufficient_credit',
  'openrouter_not_configured',
];
const STATUS = { not_authenticated: 401, access_denied: 403, not_found: 404, rate_limit_exceeded: 429 };

function checks(check, { wire, tag, withToken, manager, client, tasks }) {
  check('not_found, access_denied, not_authenticated', async () => {
    const error = await notFound(() => client.connection('nothing').get());
    assert.deepEqual([error.data.type, error.status, error.response], ['bad_request', undefined, undefined]);
    await denied(() => client.customers.find());
    await notAuthenticated(() => withToken('pat-x').self.get());
  });
  check('already_exists', async () => {
    const fields = { name: 'Twice', key: `twice-${tag}`, connectorKey: 'taskly', parameters: { apiUri: taskUrl } };
    const { id } = await manager.integrations.create(fields);
    await throws(() => manager.integrations.create(fields), BadRequestError, { key: 'already_exists' });
    await manager.integration(id).archive();
  });
  check('input that does not fit says where', async () => {
    const error = await throws(() => client.connection(tasks).action('create-task').run({}), BadRequestError);
    assert.match(error.message, /title/);
    await throws(() => client.get('/integrations', { limit: 'many' }), BadRequestError);
    await throws(() => client.get('/integrations', { limit: 1001 }), BadRequestError);
  });
  check('connection, configuration, action_run', async () => {
    const credentials = { token: 'wrong' };
    const refused = () => client.connections.create({ integrationKey: 'taskly', credentials });
    await throws(refused, ConnectionError, { type: 'connection' });
    const bare = await manager.integrations.create({ name: 'Bare', key: `bare-wire-${tag}`, connectorKey: 'taskly' });
    const create = () => client.connections.create({ integrationId: bare.id, credentials });
    await throws(create, ConfigurationError, { type: 'configuration' });
    await manager.integration(bare.id).archive();
    const email = { email: 'no address' };
    const run = () => client.connection('contactly').action('create-contact').run(email);
    const error = await throws(run, ActionRunError, { type: 'action_run' });
    assert.ok(error.data.actionRunId, 'what is beside type and message arrives');
  });
  check('what the app itself answers through the proxy is no error of ours', async () => {
    const error = await rejected(() => client.connection(tasks).proxy.get('v1/tasks/none'));
    assert.ok(!isMembraneError(error));
    assert.equal(error.response.status, 404);
  });
  check('nothing was answered 500, and every error had a known type and the status of its key', async () => {
    const isOfApp = ({ target }) => /^\/connections\/[^/]+\/(proxy|api)\//.test(target);
    const failures = wire.exchanges.filter(({ status, ...exchange }) => status >= 400 && !isOfApp(exchange));
    assert.ok(failures.length > 100);
    for (const { method, target, status, answer } of failures) {
      const line = `${method} ${target}: ${status} ${JSON.stringify(answer)}`;
      assert.ok(TYPES.includes(answer.type) && answer.type !== 'internal' && answer.message, line);
      assert.equal(status, STATUS[answer.key] ?? status, line);
      assert.ok(status < 500, line);
    }
  });
}

export const errors = { subject: 'errors', calls, checks };
