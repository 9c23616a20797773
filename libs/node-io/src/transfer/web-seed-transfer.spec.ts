import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Metainfo } from '@swarmpatch/metainfo';
import { Bitfield, type PieceStore } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import { FilePieceStore, startTransfer, type Transfer, type TransferOptions } from './index.ts';

const contents = [300_000, 40_000, 3, 100_000].map((length, index) =>
  Buffer.alloc(length, `file ${index} has this text. `),
);

type Kind = 'right' | 'rotten';

describe('a transfer from web seeds', () => {
  let dir: string;
  let metainfo: Metainfo;
  const running: Transfer[] = [];
  const servers: Server[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'web-seed-transfer-'));
    await mkdir(join(dir, 'build'));
    for (const [index, bytes] of contents.entries()) await writeFile(join(dir, 'build', `${index}.bin`), bytes);
    const created = await createTorrentFrom(join(dir, 'build'), {
      name: 'build',
      format: 'hybrid',
      pieceLengthBytes: 16_384,
    });
    ({ metainfo } = created);
  });

  afterEach(async () => {
    for (const transfer of running.splice(0)) await transfer.stop();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await rm(dir, { recursive: true });
  });

  async function serve(kindOf: (fileIndex: number) => Kind): Promise<string> {
    const server = createServer((request, response) => {
      const fileIndex = Number(/(\d)\.bin$/.exec(request.url ?? '')?.[1]);
      const bytes = contents[fileIndex] ?? Buffer.alloc(0);
      const [, first = '0', last = `${bytes.length - 1}`] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const part = Buffer.from(bytes.subarray(Number(first), Number(last) + 1));
      if (kindOf(fileIndex) === 'rotten') part.fill(0);
      const isRange = request.headers.range !== undefined;
      response.writeHead(isRange ? 206 : 200, {
        'content-length': part.length,
        ...(isRange ? { 'content-range': `bytes ${first}-${last}/${bytes.length}` } : {}),
      });
      response.end(part);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  async function start(urls: readonly string[], options: Partial<TransferOptions> = {}): Promise<Transfer> {
    const transfer = await startTransfer({
      metainfo,
      store: new NoStore(),
      have: new Uint8Array(0),
      trackers: [],
      webSeeds: urls.map((url, tier) => ({ kind: 'bep19', url, tier })),
      peerUse: 'avoid',
      ...options,
    });
    running.push(transfer);
    return transfer;
  }

  it('ends with the name of the web seed and the piece when all of its bytes are wrong and there is nobody else', async () => {
    const url = await serve(() => 'rotten');
    const transfer = await start([url]);
    const error: unknown = await transfer.done.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'TransferError', code: 'bad_content' });
    expect((error as Error).message).toMatch(new RegExp(`${url} sent wrong bytes for piece \\d+ \\(\\d\\.bin\\)`));
  });

  it('fetches all that is right before it ends for one rotten file', async () => {
    const transfer = await start([await serve((fileIndex) => (fileIndex === 1 ? 'rotten' : 'right'))]);
    await expect(transfer.done).rejects.toMatchObject({ code: 'bad_content' });
    expect(transfer.stats.piecesWantedLeft).toBe(Math.ceil(40_000 / 16_384));
  });

  it('takes from the next web seed what the first has wrong', async () => {
    const urls = [await serve((fileIndex) => (fileIndex === 0 ? 'rotten' : 'right')), await serve(() => 'right')];
    const transfer = await start(urls);
    await transfer.done;
    expect(transfer.stats.badPieces).toBeGreaterThan(0);
  });

  it('asks no further tier while the first brings everything', async () => {
    let askedFurther = 0;
    const further = await serve(() => {
      askedFurther += 1;
      return 'right';
    });
    const transfer = await start([await serve(() => 'right'), further]);
    await transfer.done;
    expect(askedFurther).toBe(0);
  });

  it('brings most over HTTP when a peer alone would miss the deadline', async () => {
    const local = { peerUse: 'use', listen: { host: '127.0.0.1', port: 0 } } as const;
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) =>
      join(dir, 'build', metainfo.files[fileIndex]?.path ?? ''),
    );
    const have = Bitfield.full(metainfo.pieceCount).bits;
    const limits = { uploadBytesPerSecond: 40_000 };
    const seed = await start([], { ...local, store, have, limits });
    const peers = seed.address ? [seed.address] : [];
    // Without it HTTP would join in after eight seconds, for the last quarter.
    const transfer = await start([await serve(() => 'right')], { ...local, peers, deadlineMs: 1_000 });
    await transfer.done;
    expect(transfer.stats.fromWebSeedsBytes).toBeGreaterThan(metainfo.lengthBytes / 2);
  });

  it('counts what came over HTTP apart from what was of use', async () => {
    const transfer = await start([await serve(() => 'rotten'), await serve(() => 'right')]);
    await transfer.done;
    const { fromWebSeedsBytes, webSeedRawBytes, wastedBytes } = transfer.stats;
    expect(fromWebSeedsBytes).toBe(metainfo.lengthBytes);
    expect(webSeedRawBytes).toBeGreaterThan(metainfo.lengthBytes);
    expect(wastedBytes).toBe(webSeedRawBytes - fromWebSeedsBytes);
  });
});

class NoStore implements PieceStore {
  read(): Promise<Uint8Array> {
    return Promise.reject(new Error('nothing is stored'));
  }

  write(): Promise<void> {
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}
