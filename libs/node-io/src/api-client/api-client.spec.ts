import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { requestBytes, requestJson } from './api-client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handler(request, response, Buffer.concat(chunks)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const anything = { parse: (value: unknown): unknown => value };

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

describe('requestJson()', () => {
  it('sends method, token and body and reads the reply by its schema', async () => {
    const url = await serve((request, response, body) => {
      json(response, 201, {
        method: request.method,
        auth: request.headers.authorization,
        type: request.headers['content-type'],
        body: JSON.parse(body.toString()) as unknown,
      });
    });
    const reply = await requestJson({ method: 'PUT', url, token: 'secret', body: { name: 'größe' }, schema: anything });
    expect(reply).toEqual({ method: 'PUT', auth: 'Bearer secret', type: 'application/json', body: { name: 'größe' } });
  });

  it('packs a body when it is told to', async () => {
    const big = 'x'.repeat(100_000);
    const url = await serve((request, response, body) => {
      json(response, 200, {
        encoding: request.headers['content-encoding'],
        isShort: body.length < 10_000,
        same: gunzipSync(body).toString() === JSON.stringify({ big }),
      });
    });
    const reply = await requestJson({ method: 'POST', url, body: { big }, compression: 'gzip', schema: anything });
    expect(reply).toEqual({ encoding: 'gzip', isShort: true, same: true });
  });

  it('sends a stream as it comes', async () => {
    const url = await serve((request, response, body) =>
      json(response, 200, { type: request.headers['content-type'], bytes: body.length }),
    );
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 50; index += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        yield new Uint8Array(10_000);
      }
    }
    const reply = await requestJson({
      method: 'POST',
      url,
      stream: { contentType: 'application/x-tar', source: source() },
      schema: anything,
    });
    expect(reply).toEqual({ type: 'application/x-tar', bytes: 500_000 });
  });

  it('passes on what the source of a stream throws', async () => {
    const url = await serve((_request, response) => json(response, 200, {}));
    async function* source(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      await Promise.resolve();
      throw new Error('file vanished');
    }
    const failing = requestJson({
      method: 'POST',
      url,
      stream: { contentType: 'application/x-tar', source: source() },
      schema: anything,
    });
    await expect(failing).rejects.toThrow('file vanished');
  });

  it('hears a refusal that comes before the stream has been read', async () => {
    const server = createServer((_request, response) =>
      json(response, 403, { error: { code: 'forbidden', message: 'no' } }),
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    let hasEnded = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (let index = 0; index < 1000; index += 1) {
          await new Promise((resolve) => setImmediate(resolve));
          yield new Uint8Array(100_000);
        }
      } finally {
        hasEnded = true;
      }
    }
    const refused = requestJson({
      method: 'POST',
      url,
      stream: { contentType: 'application/x-tar', source: source() },
      schema: anything,
    });
    await expect(refused).rejects.toMatchObject({ code: 'forbidden', status: 403 });
    await expect.poll(() => hasEnded).toBe(true);
  });

  it("throws the origin's own error with code, message, status and Retry-After", async () => {
    const url = await serve((_request, response) => {
      response.setHeader('retry-after', '5');
      json(response, 409, { error: { code: 'version_exists', message: 'publish 1.0.0: it is there already' } });
    });
    await expect(requestJson({ method: 'POST', url, schema: anything })).rejects.toMatchObject({
      name: 'ApiError',
      code: 'version_exists',
      message: 'publish 1.0.0: it is there already',
      status: 409,
      retryAfterMs: 5000,
    });
  });

  it.each([
    ['a proxy page', 502, '<html>Bad gateway</html>'],
    ['an error without a code', 500, '{"error":{"message":"x"}}'],
    ['an error whose code is no code', 500, '{"error":{"code":"rm -rf /","message":"x"}}'],
    ['a redirect', 302, ''],
    ['an endless error', 500, `{"error":{"code":"x","message":"${'y'.repeat(200_000)}"}}`],
  ])('names %s origin_failed and keeps its status', async (_, status, body) => {
    const url = await serve((_request, response) => response.writeHead(status, { location: '/elsewhere' }).end(body));
    await expect(requestJson({ method: 'GET', url, schema: anything })).rejects.toMatchObject({
      code: 'origin_failed',
      status,
    });
  });

  it('names a reply that is no JSON, or not by the schema, origin_bad_reply', async () => {
    const url = await serve((request, response) => response.end(request.url === '/text' ? 'hello' : '{"a":1}'));
    const strict = {
      parse(): never {
        throw new Error('a: expected string');
      },
    };
    await expect(requestJson({ method: 'GET', url: `${url}/text`, schema: anything })).rejects.toMatchObject({
      code: 'origin_bad_reply',
    });
    await expect(requestJson({ method: 'GET', url, schema: strict })).rejects.toThrow('a: expected string');
  });

  it('names an origin that is not there origin_unreachable', async () => {
    const url = await serve(() => undefined);
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    await expect(requestJson({ method: 'GET', url, schema: anything })).rejects.toMatchObject({
      code: 'origin_unreachable',
      status: undefined,
    });
  });

  it('names an origin that does not answer in time origin_timed_out', async () => {
    const url = await serve(() => undefined);
    await expect(requestJson({ method: 'GET', url, timeoutMs: 100, schema: anything })).rejects.toMatchObject({
      code: 'origin_timed_out',
    });
  });

  it('ends with the reason of its signal', async () => {
    const url = await serve(() => undefined);
    const ender = new AbortController();
    setTimeout(() => ender.abort(new Error('stopped by hand')), 50);
    await expect(requestJson({ method: 'GET', url, signal: ender.signal, schema: anything })).rejects.toThrow(
      'stopped by hand',
    );
  });

  it('refuses what is not an http URL', async () => {
    await expect(requestJson({ method: 'GET', url: 'origin.example', schema: anything })).rejects.toMatchObject({
      name: 'ApiError',
      code: 'origin_failed',
    });
  });
});

describe('requestBytes()', () => {
  it('brings a document of up to the length given, and no longer one', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/counted') response.setHeader('content-length', 1000);
      response.end(Buffer.alloc(1000, 1));
    });
    for (const path of ['/counted', '/chunked']) {
      expect(await requestBytes(url + path, { bytesMax: 1000 })).toHaveLength(1000);
      await expect(requestBytes(url + path, { bytesMax: 999 })).rejects.toMatchObject({
        code: 'origin_reply_too_long',
      });
    }
  });

  it('keeps the status of a document that is missing', async () => {
    const url = await serve((_request, response) =>
      json(response, 404, { error: { code: 'not_found', message: 'no such file' } }),
    );
    await expect(requestBytes(url, { bytesMax: 10 })).rejects.toMatchObject({ code: 'not_found', status: 404 });
  });

  it('follows redirects, but never with a token', async () => {
    const target = await serve((request, response) => response.end(request.headers.authorization ?? 'no token'));
    const url = await serve((_request, response) => response.writeHead(302, { location: target }).end());
    expect(Buffer.from(await requestBytes(url, { bytesMax: 100 })).toString()).toBe('no token');
    await expect(requestBytes(url, { bytesMax: 100, token: 'secret' })).rejects.toMatchObject({ status: 302 });
  });
});
