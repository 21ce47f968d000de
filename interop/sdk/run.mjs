// Starts the demo server of membrane-server, drives it, and stops it.
//
//   npm ci && npm test

import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const server = spawn('cargo', ['run', '--quiet', '--example', 'demo_server'], {
  cwd: join(here, '..', '..'),
  stdio: ['pipe', 'pipe', 'inherit'],
});
const exited = new Promise((resolve) => server.once('exit', resolve));

for await (const line of createInterface({ input: server.stdout })) {
  const { api, workspaceKey, workspaceSecret, taskManager, crm } = JSON.parse(line);
  const args = [
    join(here, 'drive.mjs'),
    ...['--api', api, '--key', workspaceKey, '--secret', workspaceSecret],
    ...['--app', taskManager.url, '--app-key', taskManager.apiKey],
    ...['--app', crm.url, '--app-key', crm.apiKey],
  ];
  const drive = spawn(process.execPath, args, { stdio: 'inherit' });
  process.exitCode = await new Promise((resolve) => drive.once('exit', (code) => resolve(code ?? 1)));
  break;
}
server.stdin.end();
const code = await exited;
process.exitCode ||= code ? 1 : 0;
