// How the client says who it is.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { IntegrationAppClient, MembraneClient } from '@membranehq/sdk';
import { args, keys, notAuthenticated, rejected, sign, soon } from '../support.mjs';

const calls = ['GET /self', 'GET /integrations', 'PATCH /self {credentials}', 'GET /self -> 401'];

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
const tokenOf = (exchange) => exchange.headers.authorization.replace(/^Bearer /, '');

function checks(check, { wire, me, withToken, client }) {
  const at = (options) => new MembraneClient({ apiUri: wire.url, ...options });

  check('a minted token names the customer, and the version of the API is sent', async () => {
    const { value, asked, lines } = await wire.during(() => client.self.get());
    assert.deepEqual(lines, ['GET /self'], 'there is no handshake');
    assert.equal(value.internalId, me);
    const { id, iss, exp, ...rest } = claimsOf(tokenOf(asked[0]));
    assert.deepEqual([id, iss, rest], [me, args.key, {}]);
    assert.ok(exp > Date.now() / 1000 + 3500);
    const [head, body, signature] = tokenOf(asked[0]).split('.');
    assert.equal(createHmac('sha256', args.secret).update(`${head}.${body}`).digest('base64url'), signature);
    assert.equal(asked[0].headers['membrane-api-version'], '2025-10-21');
  });
  check('token, accessToken, and a slash at the end of the address', async () => {
    const token = sign({ id: me, iss: args.key, exp: soon() });
    const slashed = new MembraneClient({ apiUri: `${wire.url}/`, token });
    const { value, lines } = await wire.during(() => slashed.integrations.find());
    assert.deepEqual(lines, ['GET /integrations']);
    assert.ok(keys(value.items).includes('taskly'));
    assert.equal((await at({ accessToken: token }).self.get()).internalId, me);
    const older = new IntegrationAppClient({ apiUri: wire.url, token });
    assert.equal((await older.self.get()).internalId, me);
  });
  check('fetchToken is asked again when a token is about to end', async () => {
    let fetched = 0;
    const fetchToken = async () => {
      fetched += 1;
      return sign({ id: me, iss: args.key, exp: Math.floor(Date.now() / 1000) + 5 });
    };
    const short = at({ fetchToken });
    assert.equal((await short.self.get()).internalId, me);
    assert.equal((await short.self.get()).internalId, me);
    assert.equal(fetched, 2);
  });
  check('a personal token is passed on as it is, and unknown here', async () => {
    const { asked } = await wire.during(() => notAuthenticated(() => at({ accessToken: 'pat-1' }).self.get()));
    assert.equal(tokenOf(asked[0]), 'pat-1');
  });
  check('an expired token is sent, and refused', async () => {
    const expired = sign({ id: me, iss: args.key, exp: soon() - 7200 });
    await notAuthenticated(() => withToken(expired).self.get());
  });
  check('what the client refuses by itself sends nothing', async () => {
    const { lines } = await wire.during(async () => {
      assert.match((await rejected(() => at({ token: 'nonsense' }).self.get())).message, /valid JWT/);
      assert.match((await rejected(() => at({}).self.get())).message, /not provided/);
      assert.throws(() => at({ tokn: 'x' }), /Unrecognized key/);
    });
    assert.deepEqual(lines, []);
  });
  for (const [name, given] of [
    ['credentials', { credentials: { apiKey: 'wire-secret' } }],
    ['fetchCredentials', { fetchCredentials: async () => ({ apiKey: 'wire-fetched' }) }],
  ]) {
    check(`the option ${name} leaves the customer’s credentials with the server`, async () => {
      const token = sign({ id: me, iss: args.key, exp: soon() });
      const from = wire.exchanges.length;
      const made = at({ token, ...given });
      const sent = () => wire.exchanges.slice(from).find(({ method, status }) => method === 'PATCH' && status);
      for (let tries = 0; tries < 100 && !sent(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(sent()?.target, '/self');
      assert.equal(sent().status, 200);
      const secret = sent().body.credentials.apiKey;
      assert.ok(!JSON.stringify(sent().answer).includes(secret), 'a secret comes back in no answer');
      assert.ok(!JSON.stringify(await made.self.get()).includes(secret));
    });
  }
}

export const tokens = { subject: 'tokens', calls, checks };
