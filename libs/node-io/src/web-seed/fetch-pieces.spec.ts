import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PieceGeometry } from '@swarmpatch/metainfo';
import { afterEach, describe, expect, it } from 'vitest';
import { HTTP_CONNECTIONS_PER_HOST_MAX } from '../http-client/index.ts';
import { fetchPieces } from './fetch-pieces.ts';
import { planFetch, type SeededTorrent } from './fetch-plan.ts';
import { redirectMemoryOf } from './redirect-memory.ts';
import type { FetchedPiece, FetchOptions, PieceRun, WebSeed } from './web-seed.ts';

const PIECE_BYTES = 1000;
const LENGTHS = [2500, 1, 0, 999, 1000, 3000];
const CONTENT = LENGTHS.map((lengthBytes, index) =>
  Buffer.from(Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 7 + index * 31) & 0xff)),
);

/** A hybrid's piece space: every file begins at a piece, pads between. */
const torrent: SeededTorrent = (() => {
  let offsetBytes = 0;
  const files = LENGTHS.map((lengthBytes, index) => {
    const file = { path: `dir/file ${index}`, lengthBytes, offsetBytes, executable: false };
    offsetBytes += Math.ceil(lengthBytes / PIECE_BYTES) * PIECE_BYTES;
    return file;
  });
  return { name: 'game', files, isSingleFile: false, geometry: new PieceGeometry(files, PIECE_BYTES, offsetBytes) };
})();

const ALL: PieceRun = { firstPiece: 0, pieceCount: torrent.geometry.pieceCount };
const STREAM = Buffer.concat(CONTENT);

function pieceOf(piece: number): Buffer {
  const data = Buffer.alloc(torrent.geometry.pieceSizeBytes(piece));
  for (const part of torrent.geometry.filesOfPiece(piece)) {
    CONTENT[part.fileIndex]?.copy(
      data,
      part.pieceOffsetBytes,
      part.fileOffsetBytes,
      part.fileOffsetBytes + part.lengthBytes,
    );
  }
  return data;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: Handler): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers.range ?? 'whole'}`);
    handler(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function bytesFor(path: string): Buffer {
  const index = /file%20(\d)$/.exec(path)?.[1];
  return index === undefined ? STREAM : (CONTENT[Number(index)] ?? STREAM);
}

/** What a server that does everything right answers. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const bytes = bytesFor(request.url ?? '');
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (first === undefined || last === undefined) {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    return;
  }
  const part = bytes.subarray(Number(first), Number(last) + 1);
  const headers = { 'content-length': part.length, 'content-range': `bytes ${first}-${last}/${bytes.length}` };
  response.writeHead(206, headers).end(part);
}

async function collect(
  webSeed: WebSeed,
  run: PieceRun = ALL,
  options: Partial<FetchOptions> = {},
): Promise<FetchedPiece[]> {
  const pieces: FetchedPiece[] = [];
  for await (const piece of fetchPieces(webSeed, torrent, run, { allow: () => true, ...options })) pieces.push(piece);
  return pieces;
}

function expectPieces(pieces: FetchedPiece[], run: PieceRun): void {
  expect(pieces.map(({ piece }) => piece)).toEqual(
    Array.from({ length: run.pieceCount }, (_, index) => run.firstPiece + index),
  );
  for (const { piece, data } of pieces) expect(Buffer.compare(data, pieceOf(piece))).toBe(0);
}

/** One file and one range, so that a single answer is what is looked at. */
const INSIDE: PieceRun = { firstPiece: 1, pieceCount: 1 };

describe.each(['bep19', 'stream'] as const)('fetchPieces() from a %s seed', (kind) => {
  const at = (url: string): WebSeed => ({ kind, url: `${url}/content/` });

  it('brings every run of pieces, in order, pads as zeros', async () => {
    const { url } = await serve(answer);
    for (let firstPiece = 0; firstPiece < ALL.pieceCount; firstPiece += 1) {
      for (let pieceCount = 0; pieceCount <= ALL.pieceCount - firstPiece; pieceCount += 3) {
        expectPieces(await collect(at(url), { firstPiece, pieceCount }), { firstPiece, pieceCount });
      }
    }
  });

  it('never asks for more bytes than the files have', async () => {
    const { url } = await serve(answer);
    let receivedBytes = 0;
    await collect(at(url), ALL, { onBytes: (lengthBytes) => void (receivedBytes += lengthBytes) });
    expect(receivedBytes).toBe(STREAM.length);
  });

  it('puts a body together that comes in single bytes', async () => {
    const { url } = await serve((request, response) => {
      const bytes = bytesFor(request.url ?? '');
      response.writeHead(206, { 'content-range': `bytes ${request.headers.range?.slice(6) ?? ''}/${bytes.length}` });
      const [first = 0, last = 0] = (request.headers.range?.slice(6) ?? '').split('-').map(Number);
      for (const byte of bytes.subarray(first, last + 1)) response.write(Uint8Array.of(byte));
      response.end();
    });
    expectPieces(await collect(at(url), INSIDE), INSIDE);
  });

  it.each([
    ['a 200 for a range', 'web_seed_range_ignored', (_request, response) => response.writeHead(200).end(STREAM)],
    [
      'a wrong Content-Range',
      'web_seed_bad_range',
      (_request, response) => response.writeHead(206, { 'content-range': 'bytes 0-999/2500' }).end(Buffer.alloc(1000)),
    ],
    [
      'another total in Content-Range',
      'web_seed_bad_range',
      (request, response) =>
        response
          .writeHead(206, { 'content-range': `bytes ${request.headers.range?.slice(6) ?? ''}/7` })
          .end(Buffer.alloc(1000)),
    ],
    ['no Content-Range', 'web_seed_bad_range', (_request, response) => response.writeHead(206).end(Buffer.alloc(1000))],
    [
      'several ranges at once',
      'web_seed_bad_range',
      (_request, response) =>
        response.writeHead(206, { 'content-type': 'multipart/byteranges; boundary=x' }).end('--x'),
    ],
    [
      'a body that is too long',
      'web_seed_bad_length',
      (request, response) => response.writeHead(206, rangeOf(request)).end(Buffer.alloc(1001)),
    ],
    [
      'a body that announces to be too long',
      'web_seed_bad_length',
      (request, response) =>
        response.writeHead(206, { ...rangeOf(request), 'content-length': 5000 }).end(Buffer.alloc(5000)),
    ],
    [
      'a body that ends early',
      'web_seed_bad_length',
      (request, response) => response.writeHead(206, rangeOf(request)).end(Buffer.alloc(999)),
    ],
    [
      'a compressed body',
      'web_seed_encoded',
      (request, response) =>
        response.writeHead(206, { ...rangeOf(request), 'content-encoding': 'gzip' }).end(Buffer.alloc(1000)),
    ],
    ['404', 'web_seed_missing', (_request, response) => response.writeHead(404).end()],
    ['416', 'web_seed_bad_range', (_request, response) => response.writeHead(416).end()],
    ['500', 'web_seed_bad_status', (_request, response) => response.writeHead(500).end()],
    ['a redirect to nowhere', 'web_seed_bad_status', (_request, response) => response.writeHead(302).end()],
    [
      'a redirect to a file',
      'web_seed_refused',
      (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    ],
    [
      'a redirect in a circle',
      'web_seed_refused',
      (request, response) => response.writeHead(302, { location: request.url }).end(),
    ],
    ['a cut connection', 'web_seed_unreachable', (_request, response) => response.destroy()],
    [
      'a body cut in the middle',
      'web_seed_unreachable',
      (request, response) =>
        void response
          .writeHead(206, { ...rangeOf(request), 'content-length': 1000 })
          .write(Buffer.alloc(10), () => response.destroy()),
    ],
  ] satisfies [string, string, Handler][])('refuses %s', async (_, code, handler) => {
    const { url } = await serve(handler);
    await expect(collect(at(url), INSIDE)).rejects.toMatchObject({ name: 'WebSeedError', code });
  });

  // transmission#4595
  it('cuts a body without end', async () => {
    let sentBytes = 0;
    let isCut = false;
    const { url } = await serve((request, response) => {
      response.writeHead(206, rangeOf(request));
      response.on('close', () => (isCut = true));
      const pour = (): void => {
        sentBytes += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(pour));
      };
      pour();
    });
    await expect(collect(at(url), INSIDE)).rejects.toMatchObject({ code: 'web_seed_bad_length' });
    await expect.poll(() => isCut).toBe(true);
    expect(sentBytes).toBeLessThan(50_000_000);
  });

  // transmission#2909
  it('says how long a busy server wants to be left alone', async () => {
    const { url } = await serve((_request, response) => response.writeHead(429, { 'retry-after': '120' }).end());
    await expect(collect(at(url), INSIDE)).rejects.toMatchObject({
      code: 'web_seed_busy',
      status: 429,
      retryAfterMs: 120_000,
    });
    const { url: later } = await serve((_request, response) =>
      response.writeHead(503, { 'retry-after': new Date(Date.now() + 90_000).toUTCString() }).end(),
    );
    const error: unknown = await collect(at(later), INSIDE).catch((caught: unknown) => caught);
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(60_000);
  });

  it('gives up on a server that stays silent', async () => {
    const { url } = await serve(() => undefined);
    await expect(collect(at(url), INSIDE, { idleTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'web_seed_timed_out',
    });
  });

  it('ends with the reason of its signal', async () => {
    const { url } = await serve(() => undefined);
    const ender = new AbortController();
    const fetching = collect(at(url), INSIDE, { signal: ender.signal });
    setTimeout(() => ender.abort(new Error('enough')), 50);
    await expect(fetching).rejects.toThrow('enough');
    await expect(collect(at(url), INSIDE, { signal: ender.signal })).rejects.toThrow('enough');
  });

  // transmission#7227
  it('follows a redirect once and remembers where it led', async () => {
    const { url: target, asked: askedTarget } = await serve(answer);
    const { url, asked } = await serve((request, response) =>
      response.writeHead(302, { location: `${target}${request.url ?? ''}` }).end(),
    );
    const webSeed = at(url);
    expectPieces(await collect(webSeed, INSIDE), INSIDE);
    expectPieces(await collect(webSeed, INSIDE), INSIDE);
    expect(asked).toHaveLength(1);
    expect(askedTarget).toHaveLength(2);
    expect(askedTarget[0]).toBe(asked[0]);
  });

  it('asks the seed again when a remembered redirect no longer works', async () => {
    const { url: target } = await serve(answer);
    let usesLeft = 1;
    const { url: expiring } = await serve((request, response) => {
      usesLeft -= 1;
      if (usesLeft < 0) response.writeHead(403).end();
      else answer(request, response);
    });
    const targets = [expiring, target];
    const { url, asked } = await serve((request, response) =>
      response.writeHead(307, { location: `${targets.shift() ?? ''}${request.url ?? ''}` }).end(),
    );
    const webSeed = at(url);
    await collect(webSeed, INSIDE);
    expectPieces(await collect(webSeed, INSIDE), INSIDE);
    expect(asked).toHaveLength(2);
  });

  it('asks only where it may, redirects included', async () => {
    const { url: forbidden, asked } = await serve(answer);
    const { url } = await serve((request, response) =>
      response.writeHead(302, { location: `${forbidden}${request.url ?? ''}` }).end(),
    );
    const allow = (target: URL): boolean => target.origin !== forbidden;
    await expect(collect(at(url), INSIDE, { allow })).rejects.toMatchObject({ code: 'web_seed_refused' });
    await expect(collect(at(forbidden), INSIDE, { allow })).rejects.toMatchObject({ code: 'web_seed_refused' });
    await expect(collect({ kind, url: 'file:///etc/' }, INSIDE)).rejects.toMatchObject({ code: 'web_seed_refused' });
    expect(asked).toHaveLength(0);
  });

  it('goes from a public web seed to nobody inside, wherever a redirect leads', async () => {
    const { url: inside, asked } = await serve(answer);
    const webSeed = at('http://192.0.2.1');
    for (const span of planFetch(webSeed, torrent, INSIDE)) {
      redirectMemoryOf(webSeed).remember(span.url, span.url.replace('http://192.0.2.1', inside));
    }
    // It is not there: to ask it would take long to fail.
    const allow = ({ hostname }: URL): boolean => hostname !== '192.0.2.1';
    await expect(collect(webSeed, INSIDE, { allow })).rejects.toMatchObject({ code: 'web_seed_refused' });
    expect(asked).toEqual([]);
  });

  it('ends its requests when the caller leaves', async () => {
    let closed = 0;
    const { url } = await serve((request, response) => {
      response.on('close', () => void (closed += response.writableFinished ? 0 : 1));
      response
        .writeHead(200, { 'content-length': bytesFor(request.url ?? '').length })
        .write(bytesFor(request.url ?? '').subarray(0, 1200));
    });
    for await (const { piece } of fetchPieces(at(url), torrent, ALL, { allow: () => true })) {
      expect(piece).toBe(0);
      break;
    }
    await expect.poll(() => closed).toBeGreaterThan(0);
  });
});

describe.each(['bep19', 'stream'] as const)('fetchPieces() of files without pads from a %s seed', (kind) => {
  // libtorrent#363
  it('puts a piece together from all the files that it spans', async () => {
    let offsetBytes = 0;
    const files = LENGTHS.map((lengthBytes, index) => {
      const file = { path: `dir/file ${index}`, lengthBytes, offsetBytes, executable: false };
      offsetBytes += lengthBytes;
      return file;
    });
    const packed: SeededTorrent = {
      name: 'game',
      files,
      isSingleFile: false,
      geometry: new PieceGeometry(files, PIECE_BYTES, offsetBytes),
    };
    const { url } = await serve(answer);
    const run = { firstPiece: 0, pieceCount: packed.geometry.pieceCount };
    const pieces: Uint8Array[] = [];
    for await (const { data } of fetchPieces({ kind, url: `${url}/` }, packed, run, { allow: () => true }))
      pieces.push(data);
    expect(Buffer.compare(Buffer.concat(pieces), STREAM)).toBe(0);
  });

  // monotorrent#538
  it('goes on past pieces that are padding from end to end', async () => {
    const files = [
      { path: 'dir/file 1', lengthBytes: 1, offsetBytes: 0, executable: false },
      { path: 'dir/file 3', lengthBytes: 999, offsetBytes: 3 * PIECE_BYTES, executable: false },
    ];
    const padded: SeededTorrent = {
      name: 'game',
      files,
      isSingleFile: false,
      geometry: new PieceGeometry(files, PIECE_BYTES, 5 * PIECE_BYTES),
    };
    const bytes = Buffer.concat([CONTENT[1] ?? Buffer.alloc(0), CONTENT[3] ?? Buffer.alloc(0)]);
    const { url } = await serve((request, response) => {
      if (kind === 'bep19') answer(request, response);
      else {
        const [first = 0, last = bytes.length - 1] = (request.headers.range?.slice(6) ?? '').split('-').map(Number);
        const headers = { 'content-range': `bytes ${first}-${last}/${bytes.length}` };
        response.writeHead(request.headers.range ? 206 : 200, headers).end(bytes.subarray(first, last + 1));
      }
    });
    const run = { firstPiece: 0, pieceCount: 5 };
    const pieces: Uint8Array[] = [];
    for await (const { data } of fetchPieces({ kind, url: `${url}/` }, padded, run, { allow: () => true }))
      pieces.push(data);
    expect(pieces.map((piece) => piece.some((byte) => byte !== 0))).toEqual([true, false, false, true, false]);
    expect(Buffer.compare(Buffer.from(pieces[3]?.subarray(0, 999) ?? []), CONTENT[3] ?? Buffer.alloc(0))).toBe(0);
  });
});

describe('fetchPieces() of many tiny files', () => {
  it('asks for several at once over kept connections', async () => {
    const count = 200;
    const files = Array.from({ length: count }, (_, index) => ({
      path: `file ${index % 2 === 0 ? 1 : 3}`,
      lengthBytes: index % 2 === 0 ? 1 : 999,
      offsetBytes: index * PIECE_BYTES,
      executable: false,
    }));
    const many: SeededTorrent = {
      name: 'many',
      files,
      isSingleFile: false,
      geometry: new PieceGeometry(files, PIECE_BYTES, count * PIECE_BYTES),
    };
    let open = 0;
    let openMost = 0;
    const sockets = new Set<unknown>();
    const { url, asked } = await serve((request, response) => {
      sockets.add(request.socket);
      open += 1;
      openMost = Math.max(openMost, open);
      setTimeout(() => {
        open -= 1;
        answer(request, response);
      }, 2);
    });
    let next = 0;
    for await (const { piece, data } of fetchPieces(
      { kind: 'bep19', url },
      many,
      { firstPiece: 0, pieceCount: count },
      { allow: () => true },
    )) {
      expect(piece).toBe(next);
      expect(data).toHaveLength(PIECE_BYTES);
      next += 1;
    }
    expect(next).toBe(count);
    expect(asked).toHaveLength(count);
    expect(openMost).toBeGreaterThan(2);
    expect(openMost).toBeLessThanOrEqual(8);
    expect(sockets.size).toBeLessThanOrEqual(HTTP_CONNECTIONS_PER_HOST_MAX);
  });
});

function rangeOf(request: IncomingMessage): { 'content-range': string } {
  return { 'content-range': `bytes ${request.headers.range?.slice(6) ?? ''}/${bytesFor(request.url ?? '').length}` };
}
