// What every script of this folder needs: the server and the apps it is told of, clients, and what calls throw.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { parseArgs } from 'node:util';
import { BadRequestError, MembraneClient, isMembraneError } from '@membranehq/sdk';

export const { values: args } = parseArgs({
  options: {
    api: { type: 'string' },
    key: { type: 'string' },
    secret: { type: 'string' },
    app: { type: 'string', multiple: true },
    'app-key': { type: 'string', multiple: true, default: ['taskly_demo_key', 'contactly_demo_key'] },
  },
});
for (const name of ['api', 'key', 'secret', 'app']) {
  assert.ok(args[name], `--${name} is required`);
}
export const [taskKey, crmKey] = args['app-key'];
export const [taskUrl, crmUrl] = args.app;

// A token with any claims, for what the client does not mint itself.
export function sign(claims, { header = { alg: 'HS256', typ: 'JWT' }, secret = args.secret } = {}) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode(header)}.${encode(claims)}`;
  const hash = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }[header.alg] ?? 'sha256';
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
}
export const soon = () => Math.floor(Date.now() / 1000) + 600;

// Clients of the server at an address.
export function clients(apiUri) {
  const withToken = (token) => new MembraneClient({ apiUri, token });
  const customer = (tenantKey) =>
    new MembraneClient({ apiUri, workspaceKey: args.key, workspaceSecret: args.secret, tenantKey });
  const manager = withToken(sign({ iss: args.key, isAdmin: true, exp: soon() }));
  return { withToken, customer, manager };
}

// A product says once where its apps are; the connectors ask for it as `apiUri`.
export async function tellOfApps(manager) {
  for (const [key, apiUri] of [['taskly', taskUrl], ['contactly', crmUrl]]) {
    if (apiUri) await manager.integration(key).patch({ parameters: { apiUri } });
  }
}

// What a call throws.
export async function rejected(call) {
  return call().then(
    (value) => assert.fail(`answered ${JSON.stringify(value)?.slice(0, 200)}`),
    (error) => error,
  );
}

// What a call throws, of a class and with some fields.
export async function throws(call, type, expected = {}) {
  const error = await rejected(call);
  assert.ok(isMembraneError(error), `${error?.constructor?.name}: ${error?.message}`);
  assert.ok(error instanceof type, `${error.constructor.name} (${error.data?.type}), wanted ${type.name}`);
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(error.data[name], value, `data.${name}: ${JSON.stringify(error.data).slice(0, 300)}`);
  }
  assert.ok(error.message);
  return error;
}
export const notFound = (call) => throws(call, BadRequestError, { key: 'not_found' });
export const denied = (call) => throws(call, BadRequestError, { key: 'access_denied' });
export const notAuthenticated = (call) => throws(call, BadRequestError, { key: 'not_authenticated' });
export const keys = (items) => items.map((item) => item.key);
export const ids = (items) => items.map((item) => item.id);
