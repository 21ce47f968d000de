// A server in front of another: passes every request on and keeps what went over the wire.

import { createServer, request as send } from 'node:http';

export class Recorder {
  exchanges = [];
  #server;

  // Starts one in front of the server at an address.
  static async before(api) {
    const recorder = new Recorder();
    const upstream = new URL(api);
    recorder.#server = createServer((asked, answer) => recorder.#pass(upstream, asked, answer));
    await new Promise((resolve) => recorder.#server.listen(0, '127.0.0.1', resolve));
    recorder.url = `http://127.0.0.1:${recorder.#server.address().port}`;
    return recorder;
  }

  // What was asked for while `run` was under way, in short: `GET /self`.
  async during(run) {
    const from = this.exchanges.length;
    const value = await run().catch((error) => error);
    const asked = this.exchanges.slice(from);
    return { value, asked, lines: asked.map(({ method, target }) => `${method} ${target}`) };
  }

  close() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(upstream, asked, answer) {
    const { method, url: target, headers } = asked;
    const exchange = { method, target, headers };
    this.exchanges.push(exchange);
    const text = await read(asked);
    if (text.length > 0) exchange.body = parsed(text);
    const passed = send(upstream, { method, path: target, headers }, async (got) => {
      const body = await read(got);
      Object.assign(exchange, { status: got.statusCode, answer: parsed(body) });
      answer.writeHead(got.statusCode, got.headers).end(body);
    });
    passed.on('error', (error) => answer.destroy(error));
    passed.end(text);
  }
}

async function read(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

// JSON, or the text as it is.
function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return String(body);
  }
}
