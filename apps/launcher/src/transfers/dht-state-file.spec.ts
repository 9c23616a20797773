import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DHT_STATE_FILE_BYTES_MAX, DhtStateFile } from './dht-state-file.ts';

describe('DhtStateFile', () => {
  let dir: string;
  let path: string;
  const state = new Uint8Array(26).fill(7);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dht-state-'));
    path = join(dir, 'game', '.swarmpatch', 'dht');
  });

  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  const open = (): DhtStateFile => new DhtStateFile(join(dir, 'game', '.swarmpatch'));

  it('gives the next command what this one knew at its end', async () => {
    await mkdir(join(dir, 'game'));
    const file = open();
    expect(await file.read()).toBeUndefined();
    file.keep(() => state);
    await file.stop();
    expect(await open().read()).toEqual(Buffer.from(state));
    expect(await readdir(join(dir, 'game', '.swarmpatch'))).toEqual(['dht']);
  });

  it('keeps what the last command knew when this one knows nobody', async () => {
    await mkdir(join(dir, 'game', '.swarmpatch'), { recursive: true });
    await writeFile(path, state);
    const file = open();
    file.keep(() => undefined);
    await file.stop();
    expect(await readFile(path)).toEqual(Buffer.from(state));
  });

  it('makes no install anew that was removed meanwhile, and is content', async () => {
    const file = open();
    file.keep(() => state);
    await file.stop();
    expect(await readdir(dir)).toEqual([]);
  });

  it('reads no more of a file than a node writes, and nothing of what is no file', async () => {
    await mkdir(join(dir, 'game', '.swarmpatch'), { recursive: true });
    await writeFile(path, Buffer.alloc(3 * DHT_STATE_FILE_BYTES_MAX));
    expect(await open().read()).toHaveLength(DHT_STATE_FILE_BYTES_MAX);
    await rm(path);
    await mkdir(path);
    expect(await open().read()).toBeUndefined();
  });
});
