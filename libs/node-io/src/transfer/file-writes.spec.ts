import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FileWrites } from './file-writes.ts';

describe('FileWrites', () => {
  let dir: string;
  let file: FileHandle;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'writes-'));
    file = await open(join(dir, 'file'), 'w+');
  });

  afterEach(async () => {
    await file.close();
    await rm(dir, { recursive: true });
  });

  it('joins what lies side by side and gathered while another write went on', async () => {
    let calls = 0;
    const writes = new FileWrites(async (_, use) => {
      calls += 1;
      await use(file.fd);
    });
    const parts = Array.from({ length: 100 }, (_, index) => Buffer.alloc(1000, index));
    const order = parts.map((_, index) => (index * 37) % parts.length);
    await Promise.all(order.map((index) => writes.write(0, parts[index] ?? Buffer.alloc(0), index * 1000)));
    expect(await readFile(join(dir, 'file'))).toEqual(Buffer.concat(parts));
    // The first alone, then 99 in calls of at most 64.
    expect(calls).toBe(3);
    await writes.write(0, Buffer.from('again'), 0);
    expect(calls).toBe(4);
  });

  it('tells every write of a call that failed, and goes on with the next', async () => {
    let isBroken = true;
    const writes = new FileWrites(async (_, use) => {
      await new Promise(setImmediate);
      if (isBroken) throw new Error('disk full');
      await use(file.fd);
    });
    const failing = [0, 1, 2].map((index) => writes.write(0, Buffer.alloc(1), index));
    for (const each of await Promise.allSettled(failing)) expect(each.status).toBe('rejected');
    isBroken = false;
    await writes.write(0, Buffer.from('x'), 0);
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('x');
  });
});
