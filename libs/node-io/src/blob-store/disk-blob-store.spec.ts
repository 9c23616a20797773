import { access, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobRootOf } from '@swarmpatch/storage';
import { describeBlobStore } from '@swarmpatch/storage/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskBlobStore } from './disk-blob-store.ts';

describeBlobStore('DiskBlobStore', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'swarmpatch-blobs-'));
  const store = await DiskBlobStore.open(directory);
  return {
    store,
    reopen: () => DiskBlobStore.open(directory),
    async damage(root) {
      const handle = await open(store.pathOf(root), 'r+');
      const byte = Buffer.alloc(1);
      await handle.read(byte, 0, 1, 0);
      await handle.write(Buffer.of(byte.readUInt8() ^ 0xff), 0, 1, 0);
      await handle.close();
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
});

describe('DiskBlobStore', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'swarmpatch-blobs-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const bytes = Buffer.from('a small file');
  const root = blobRootOf(bytes);

  it('keeps a durable blob where pathOf() says, by the first two digits of its root', async () => {
    const store = await DiskBlobStore.open(directory);
    await store.put(root, bytes);
    await store.flush();
    expect(store.pathOf(root)).toBe(join(directory, root.slice(0, 2), root));
    await access(store.pathOf(root));
    expect(await readdir(join(directory, 'partial'))).toEqual([]);
  });

  it('puts nothing on a shelf before the flush', async () => {
    const store = await DiskBlobStore.open(directory);
    await store.put(root, bytes);
    await expect(access(store.pathOf(root))).rejects.toThrow('ENOENT');
  });

  it('refuses to commit a partial that a power cut tore', async () => {
    const store = await DiskBlobStore.open(directory);
    await store.put(root, bytes);
    await writeFile(join(directory, 'partial', root), new Uint8Array(bytes.length));
    const next = await DiskBlobStore.open(directory);
    const writer = await next.beginWrite(root, bytes.length, bytes.length);
    await expect(writer.commit()).rejects.toMatchObject({ code: 'blob_damaged' });
    expect(await next.partial(root)).toBe(0);
  });

  it('refuses every write after a flush that failed', async () => {
    const store = await DiskBlobStore.open(directory);
    await store.put(root, bytes);
    await rm(join(directory, 'partial', root));
    await expect(store.flush()).rejects.toMatchObject({ code: 'storage_failed' });
    await expect(store.flush()).rejects.toMatchObject({ code: 'storage_failed' });
    await expect(store.beginWrite(blobRootOf(Buffer.of(1)), 1)).rejects.toMatchObject({ code: 'storage_failed' });
  });

  it('names the disk in the error when it cannot be opened', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(DiskBlobStore.open(join(directory, 'file'))).rejects.toMatchObject({ code: 'storage_failed' });
  });
});
