import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BeginUploadReply, parseBlobEntryName, type UploadBlobsReply } from '@swarmpatch/api-contract';
import { ApiError } from '@swarmpatch/node-io/api-client';
import { randomBytes, seededRandom } from '@swarmpatch/testkit';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SourceFile } from './blob-source.ts';
import { FRUITLESS_ATTEMPTS_MAX, type Patience } from './patience.ts';
import { chunksOf, feed } from './stream-bridge.ts';
import { uploadBlobs, type UploadPort } from './upload.ts';

const unreachable = (): ApiError => new ApiError('origin_unreachable', 'no answer', { url: 'http://origin' });

/** Takes blobs as the real origin does, and hangs up where it is told to. */
class FakeOrigin implements UploadPort {
  readonly received = new Map<string, Buffer>();
  readonly wanted: ReadonlyMap<string, number>;
  /** Tar bytes after which each connection is cut, one a connection. */
  cuts: number[] = [];
  connections = 0;

  constructor(wanted: ReadonlyMap<string, number>) {
    this.wanted = wanted;
  }

  begin(): Promise<BeginUploadReply> {
    const missing = [...this.wanted].map(([piecesRoot, length]) => ({
      piecesRoot,
      length,
      have: this.received.get(piecesRoot)?.length ?? 0,
    }));
    return Promise.resolve({ missing: missing.filter(({ length, have }) => have < length) });
  }

  async send(tar: AsyncIterable<Uint8Array>): Promise<UploadBlobsReply> {
    this.connections += 1;
    const asked = (await this.begin()).missing.length;
    const cut = this.cuts.shift() ?? Infinity;
    const entries = extract();
    const feeding = feed(entries, cutAfter(tar, cut)).catch((error: unknown) => {
      entries.destroy(error as Error);
      throw error;
    });
    const taking = this.#take(entries);
    const [fed, taken] = await Promise.allSettled([feeding, taking]);
    if (fed.status === 'rejected')
      throw new ApiError('origin_unreachable', 'connection lost', { url: '', cause: fed.reason });
    if (taken.status === 'rejected') throw taken.reason;
    return { stored: (await this.begin()).missing.length === 0 ? asked : 0, bytes: 0 };
  }

  async #take(entries: ReturnType<typeof extract>): Promise<void> {
    for await (const entry of entries) {
      const name = parseBlobEntryName(entry.header.name);
      if (name === undefined) throw new Error(`unexpected entry ${entry.header.name}`);
      const before = this.received.get(name.piecesRoot) ?? Buffer.alloc(0);
      expect(name.offset).toBe(before.length);
      for await (const chunk of chunksOf(entry)) {
        this.received.set(
          name.piecesRoot,
          Buffer.concat([this.received.get(name.piecesRoot) ?? Buffer.alloc(0), chunk]),
        );
      }
    }
  }
}

async function* cutAfter(tar: AsyncIterable<Uint8Array>, lengthBytes: number): AsyncGenerator<Uint8Array> {
  let left = lengthBytes;
  for await (const chunk of tar) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) throw new Error('hung up');
  }
}

let directory: string;
let files: Map<string, SourceFile>;
let contents: Map<string, Uint8Array>;
let retries: string[];
let patience: Patience;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'upload-'));
  files = new Map();
  contents = new Map();
  retries = [];
  patience = { signal: new AbortController().signal, backoffMs: 0, onRetry: (message) => retries.push(message) };
  const random = seededRandom(11);
  for (const [index, lengthBytes] of [
    3_000_000,
    1,
    16_384,
    300_000,
    511,
    512,
    1_048_576,
    ...new Array<number>(40).fill(777),
  ].entries()) {
    const piecesRoot = index.toString(16).padStart(64, '0');
    const absolutePath = join(directory, String(index));
    const content = randomBytes(random, lengthBytes);
    await writeFile(absolutePath, content);
    files.set(piecesRoot, { absolutePath, lengthBytes, mtimeMs: (await stat(absolutePath)).mtimeMs });
    contents.set(piecesRoot, content);
  }
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function newOrigin(): FakeOrigin {
  return new FakeOrigin(new Map([...files].map(([piecesRoot, { lengthBytes }]) => [piecesRoot, lengthBytes])));
}

function totalBytes(): number {
  return [...files.values()].reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
}

function expectWhole(origin: FakeOrigin): void {
  for (const [piecesRoot, content] of contents)
    expect(origin.received.get(piecesRoot)?.equals(content), piecesRoot).toBe(true);
}

describe('uploadBlobs()', () => {
  it('brings every blob in one connection and counts its bytes', async () => {
    const origin = newOrigin();
    const progress: number[] = [];
    const result = await uploadBlobs(origin, files, patience, (doneBytes) => progress.push(doneBytes));
    expectWhole(origin);
    expect(result).toEqual({ newBytes: totalBytes(), uploadedBytes: totalBytes() });
    expect(origin.connections).toBe(1);
    expect(progress.at(-1)).toBe(totalBytes());
    expect(progress).toEqual(progress.toSorted((left, right) => left - right));
  });

  it('sends nothing when the origin has it all', async () => {
    const origin = new FakeOrigin(new Map());
    expect(await uploadBlobs(origin, files, patience, () => undefined)).toEqual({ newBytes: 0, uploadedBytes: 0 });
    expect(origin.connections).toBe(0);
  });

  it('goes on in the middle of a blob after each of many dropped connections', async () => {
    const origin = newOrigin();
    origin.cuts = [700_000, 1_000_000, 1_400_000, 512, 513, 900, 100_000];
    const { uploadedBytes } = await uploadBlobs(origin, files, patience, () => undefined);
    expectWhole(origin);
    expect(origin.connections).toBe(8);
    expect(retries).toHaveLength(7);
    expect(uploadedBytes).toBeLessThan(totalBytes() + 7 * 2 * 1_048_576);
  });

  it('continues what an earlier run left', async () => {
    const origin = newOrigin();
    origin.cuts = [2_000_000];
    const ender = new AbortController();
    const first = uploadBlobs(
      origin,
      files,
      { ...patience, signal: ender.signal, onRetry: () => ender.abort(new Error('killed')) },
      () => undefined,
    );
    await expect(first).rejects.toThrow('killed');
    const { newBytes, uploadedBytes } = await uploadBlobs(origin, files, patience, () => undefined);
    expectWhole(origin);
    expect(uploadedBytes).toBeLessThan(newBytes - 1_900_000);
  });

  it('gives up with the last failure after a bounded number of attempts that bring nothing', async () => {
    const origin = newOrigin();
    origin.send = () => Promise.reject(unreachable());
    await expect(uploadBlobs(origin, files, patience, () => undefined)).rejects.toMatchObject({
      code: 'origin_unreachable',
    });
    expect(retries).toHaveLength(FRUITLESS_ATTEMPTS_MAX - 1);
  });

  it('gives up when the origin takes everything and keeps nothing', async () => {
    const origin = newOrigin();
    origin.send = async (tar) => {
      for await (const chunk of tar) expect(chunk.length).toBeGreaterThan(0);
      return { stored: 0, bytes: 0 };
    };
    await expect(uploadBlobs(origin, files, patience, () => undefined)).rejects.toMatchObject({
      code: 'upload_failed',
    });
  });

  it('does not repeat what was refused', async () => {
    const origin = newOrigin();
    origin.send = () => Promise.reject(new ApiError('forbidden', 'no', { url: '', status: 403 }));
    await expect(uploadBlobs(origin, files, patience, () => undefined)).rejects.toMatchObject({ code: 'forbidden' });
    expect(retries).toEqual([]);
  });

  it('waits for an origin that is restarting', async () => {
    const origin = newOrigin();
    const begin = origin.begin.bind(origin);
    let refusals = 3;
    origin.begin = () => (refusals-- > 0 ? Promise.reject(unreachable()) : begin());
    await uploadBlobs(origin, files, patience, () => undefined);
    expectWhole(origin);
  });

  it.each([
    ['grew', (path: string) => writeFile(path, Buffer.alloc(3_000_001))],
    ['was written again at the same length', (path: string) => writeFile(path, Buffer.alloc(3_000_000))],
    ['is gone', (path: string) => rm(path)],
  ])('names a file that %s since it was hashed, and does not retry', async (_, change) => {
    const origin = newOrigin();
    const [file] = files.values();
    await change(file?.absolutePath ?? '');
    const failed = uploadBlobs(origin, files, patience, () => undefined);
    await expect(failed).rejects.toMatchObject({ code: 'file_changed', path: file?.absolutePath });
    expect(retries).toEqual([]);
  });

  it('refuses to read anything that is not of the release', async () => {
    const origin = new FakeOrigin(new Map([['f'.repeat(64), 5]]));
    await expect(uploadBlobs(origin, files, patience, () => undefined)).rejects.toMatchObject({
      code: 'upload_failed',
    });
  });
});
