// Starts the demo apps and `membrane serve` with their `connector.yml`, drives it, and stops both.
//
//   npm ci && npm test
//   npm test -- --server target/debug/membrane --apps target/debug/examples/demo_apps   (built already)
//   npm test -- wire.mjs                                                               (one script of the two)

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const { values: built, positionals: scripts } = parseArgs({
  options: { server: { type: 'string' }, apps: { type: 'string' } },
  allowPositionals: true,
});
const secret = randomBytes(32).toString('hex');
const folder = mkdtempSync(join(tmpdir(), 'membrane-'));

// Both programs, built with the features the tests have so that nothing is built twice.
function build() {
  const args = ['build', '--workspace', '--bin', 'membrane', '--example', 'demo_apps', '--message-format', 'json'];
  const { status, stdout } = spawnSync('cargo', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error('the programs do not build');
  const programs = stdout.split('\n').filter((line) => line.includes('"executable":"')).map((line) => JSON.parse(line));
  return (name) => programs.find(({ target }) => target.name === name).executable;
}

// Starts a program and reads the line of JSON it prints when it is ready.
async function start(file, args = [], env = {}) {
  const program = spawn(file, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => program.once('exit', (code) => resolve(code ?? 1)));
  for await (const line of createInterface({ input: program.stdout })) {
    return { program, exited, ready: JSON.parse(line) };
  }
  throw new Error(`${file} ended with ${await exited}`);
}

const executable = built.server && built.apps ? undefined : build();
const apps = await start(built.apps ?? executable('demo_apps'));
const server = await start(
  built.server ?? executable('membrane'),
  [
    'serve',
    ...['--listen', '127.0.0.1:0'],
    ...['--database', join(folder, 'membrane.db')],
    ...['--connectors', 'membrane-testkit/connectors'],
    ...['--workspace-key', 'demo'],
    '--allow-private-networks',
    '--json',
  ],
  { MEMBRANE_WORKSPACE_SECRET: secret, MEMBRANE_KEY: randomBytes(32).toString('base64'), RUST_LOG: 'warn' },
);

process.once('exit', () => server.program.kill('SIGTERM'));
const { taskly, contactly } = apps.ready;
const args = [
  ...['--api', server.ready.url, '--key', server.ready.workspaceKey, '--secret', secret],
  ...['--app', taskly.url, '--app-key', taskly.apiKey],
  ...['--app', contactly.url, '--app-key', contactly.apiKey],
];
const outcomes = [];
for (const script of scripts.length > 0 ? scripts : ['drive.mjs', 'wire.mjs']) {
  console.log(`-- ${script}`);
  const run = spawn(process.execPath, [join(here, script), ...args], { stdio: 'inherit' });
  outcomes.push(await new Promise((resolve) => run.once('exit', (code) => resolve(code ?? 1))));
}
server.program.kill('SIGTERM');
apps.program.stdin.end();
outcomes.push(await server.exited, await apps.exited);
rmSync(folder, { recursive: true });
process.exitCode = outcomes.every((code) => code === 0) ? 0 : 1;
