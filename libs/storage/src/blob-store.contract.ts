import { Buffer } from 'node:buffer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blobRootOf } from './blob-check.ts';
import { type BlobStore, type ByteRange, SMALL_BLOB_BYTES_MAX } from './blob-store.ts';

/** A store under test; `reopen` is the next start after a crash, `damage` flips a byte behind the store's back. */
export interface StoreFixture {
  store: BlobStore;
  reopen(): Promise<BlobStore>;
  damage(root: string): Promise<void>;
  close(): Promise<void>;
}

/** What every `BlobStore` does. Called at the top of a spec with a way to open a fresh, empty store. */
export function describeBlobStore(title: string, open: () => Promise<StoreFixture>): void {
  describe(`BlobStore contract: ${title}`, () => {
    let fixture: StoreFixture;
    let store: BlobStore;

    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });

    afterEach(() => fixture.close());

    describe.each([
      ['of one byte', bytesOf(1, 1)],
      ['of one block', bytesOf(16_384, 2)],
      ['small', bytesOf(SMALL_BLOB_BYTES_MAX, 3)],
      ['large', bytesOf(SMALL_BLOB_BYTES_MAX * 3 + 77, 4)],
    ])('a blob %s', (_, bytes) => {
      const root = blobRootOf(bytes);

      it('is whole after its commit and reads back the same', async () => {
        await write(store, root, bytes, 70_000);
        expect(await store.has(root)).toBe(true);
        expect(await store.size(root)).toBe(bytes.length);
        expect(await store.partial(root)).toBe(0);
        expectSame(await read(store, root), bytes);
        await store.flush();
        expectSame(await read(store, root), bytes);
      });

      it('is there after a restart once it was flushed', async () => {
        await store.put(root, bytes);
        await store.flush();
        const next = await fixture.reopen();
        expect(await next.has(root)).toBe(true);
        expectSame(await read(next, root), bytes);
        expect(await next.verify(root)).toBe('whole');
      });

      it('can be committed again from what was kept when a crash came before the flush', async () => {
        await store.put(root, bytes);
        const next = await fixture.reopen();
        expect(await next.has(root)).toBe(false);
        const keptBytes = await next.partial(root);
        await write(next, root, bytes, bytes.length, keptBytes);
        expectSame(await read(next, root), bytes);
      });

      it('continues from its partial after an abort', async () => {
        const half = Math.floor(bytes.length / 2);
        const writer = await store.beginWrite(root, bytes.length);
        await writer.write(bytes.subarray(0, half));
        expect(writer.writtenBytes).toBe(half);
        await writer.abort();
        expect(await store.has(root)).toBe(false);
        expect(await store.partial(root)).toBe(half);
        await write(store, root, bytes, 5000, half);
        expectSame(await read(store, root), bytes);
      });

      it('keeps its partial when it is committed too early', async () => {
        const writer = await store.beginWrite(root, bytes.length);
        await writer.write(bytes.subarray(0, bytes.length - 1));
        await expect(writer.commit()).rejects.toMatchObject({ code: 'blob_incomplete', root });
        expect(await store.partial(root)).toBe(bytes.length - 1);
      });

      it('is refused and dropped when its bytes have another root', async () => {
        const wrong = bytes.slice();
        wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
        const writer = await store.beginWrite(root, wrong.length);
        await writer.write(wrong);
        await expect(writer.commit()).rejects.toMatchObject({ code: 'blob_damaged', root });
        expect(await store.has(root)).toBe(false);
        expect(await store.partial(root)).toBe(0);
      });

      it('refuses bytes past its length and keeps the rest', async () => {
        const writer = await store.beginWrite(root, bytes.length);
        await writer.write(bytes);
        await expect(writer.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'blob_too_long' });
        await writer.commit();
        expectSame(await read(store, root), bytes);
      });

      it('reads any range, and no range outside', async () => {
        await store.put(root, bytes);
        const middle = Math.floor(bytes.length / 2);
        expectSame(await read(store, root, { start: middle, end: bytes.length }), bytes.subarray(middle));
        expectSame(await read(store, root, { start: 0, end: 0 }), new Uint8Array(0));
        await expect(read(store, root, { start: 0, end: bytes.length + 1 })).rejects.toMatchObject({
          code: 'bad_blob_offset',
        });
        await expect(read(store, root, { start: -1, end: 1 })).rejects.toMatchObject({ code: 'bad_blob_offset' });
      });

      it('is reported by verify() when it was damaged behind the store', async () => {
        await store.put(root, bytes);
        await store.flush();
        expect(await store.verify(root)).toBe('whole');
        await fixture.damage(root);
        expect(await store.verify(root)).toBe('damaged');
      });

      it('can be deleted before and after the flush, and written again', async () => {
        await store.put(root, bytes);
        expect(await store.delete(root)).toBe(true);
        expect(await store.has(root)).toBe(false);
        await store.flush();
        await store.put(root, bytes);
        await store.flush();
        expect(await store.delete(root)).toBe(true);
        expect(await store.delete(root)).toBe(false);
        expect(await store.verify(root)).toBe('missing');
        await store.put(root, bytes);
        expect(await store.verify(root)).toBe('whole');
      });
    });

    const large = bytesOf(3_000_000, 5);
    const largeRoot = blobRootOf(large);

    it('a read that was begun goes on while the blob is deleted', async () => {
      await store.put(largeRoot, large);
      await store.flush();
      const chunks: Uint8Array[] = [];
      for await (const chunk of store.openRead(largeRoot)) {
        if (chunks.length === 0) await store.delete(largeRoot);
        chunks.push(chunk);
      }
      expectSame(Buffer.concat(chunks), large);
      await expect(read(store, largeRoot)).rejects.toMatchObject({ code: 'blob_not_found' });
    });

    it('takes one writer a blob, and none for a blob that is whole', async () => {
      const writer = await store.beginWrite(largeRoot, large.length);
      await expect(store.beginWrite(largeRoot, large.length)).rejects.toMatchObject({ code: 'blob_busy' });
      await expect(store.delete(largeRoot)).rejects.toMatchObject({ code: 'blob_busy' });
      await writer.write(large);
      await writer.commit();
      await expect(store.beginWrite(largeRoot, large.length)).rejects.toMatchObject({ code: 'blob_exists' });
    });

    it('drops what was kept beyond the offset', async () => {
      const wrongEnd = large.slice();
      wrongEnd.fill(0, 2_000_000);
      await abandon(store, largeRoot, wrongEnd.subarray(0, 2_500_000), large.length);
      await write(store, largeRoot, large, 64_000, 2_000_000);
      expect(await store.verify(largeRoot)).toBe('whole');
    });

    it('refuses an offset past the partial', async () => {
      await abandon(store, largeRoot, large.subarray(0, 1000), large.length);
      await expect(store.beginWrite(largeRoot, large.length, 1001)).rejects.toMatchObject({ code: 'bad_blob_offset' });
      await expect(store.beginWrite(largeRoot, large.length, -1)).rejects.toMatchObject({ code: 'bad_blob_offset' });
      await write(store, largeRoot, large, 64_000, 1000);
    });

    it('refuses lengths that no file with a root has, and names that are no roots', async () => {
      for (const length of [0, -1, 1.5, Number.NaN, 2 ** 50]) {
        await expect(store.beginWrite(largeRoot, length)).rejects.toMatchObject({ code: 'bad_blob_length' });
      }
      for (const root of [
        '',
        '../../etc/passwd',
        largeRoot.toUpperCase(),
        `${largeRoot}0`,
        `${largeRoot.slice(0, 62)}/x`,
      ]) {
        await expect(store.has(root)).rejects.toMatchObject({ code: 'bad_blob_root' });
        await expect(store.beginWrite(root, 1)).rejects.toMatchObject({ code: 'bad_blob_root' });
        await expect(read(store, root)).rejects.toMatchObject({ code: 'bad_blob_root' });
        await expect(store.delete(root)).rejects.toMatchObject({ code: 'bad_blob_root' });
      }
    });

    it('stores many small blobs at once and lists them after the flush', async () => {
      const blobs = Array.from({ length: 300 }, (_, index) => bytesOf(100 + index, index));
      await Promise.all(blobs.map((bytes) => store.put(blobRootOf(bytes), bytes)));
      await Promise.all([store.flush(), store.flush(), store.flush()]);
      const listed: string[] = [];
      for await (const { root, lengthBytes } of store.list()) {
        expect(lengthBytes).toBe(await store.size(root));
        listed.push(root);
      }
      expect(listed.sort()).toEqual(blobs.map(blobRootOf).sort());
    });

    it('missing() names what is not whole and how much of it was kept', async () => {
      const [staged, durable, absent] = [11, 12, 13]
        .map((seed) => bytesOf(4000, seed))
        .map((bytes) => ({ root: blobRootOf(bytes), bytes }));
      if (staged === undefined || durable === undefined || absent === undefined) throw new Error('three blobs');
      await store.put(durable.root, durable.bytes);
      await store.flush();
      await store.put(staged.root, staged.bytes);
      await abandon(store, largeRoot, large.subarray(0, 5000), large.length);
      expect(await store.missing([absent.root, durable.root, largeRoot, staged.root])).toEqual([
        { root: absent.root, partialBytes: 0 },
        { root: largeRoot, partialBytes: 5000 },
      ]);
      await expect(store.missing(['../x'])).rejects.toMatchObject({ code: 'bad_blob_root' });
    });

    it('drops partials that were left alone for long, and nothing else', async () => {
      await abandon(store, largeRoot, large.subarray(0, 5000), large.length);
      const staged = bytesOf(500, 9);
      await store.put(blobRootOf(staged), staged);
      const current = bytesOf(600_000, 10);
      const writer = await store.beginWrite(blobRootOf(current), current.length);
      expect(await store.deletePartials(0)).toBe(0);
      expect(await store.deletePartials(Number.MAX_SAFE_INTEGER)).toBe(1);
      expect(await store.partial(largeRoot)).toBe(0);
      await writer.write(current);
      await writer.commit();
      await store.flush();
      expect(await store.verify(blobRootOf(staged))).toBe('whole');
      expect(await store.verify(blobRootOf(current))).toBe('whole');
    });
  });
}

function bytesOf(lengthBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  let state = (seed + 1) * 2_654_435_761;
  for (let index = 0; index < lengthBytes; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

async function write(
  store: BlobStore,
  root: string,
  bytes: Uint8Array,
  chunkBytes: number,
  offsetBytes = 0,
): Promise<void> {
  const writer = await store.beginWrite(root, bytes.length, offsetBytes);
  for (let at = offsetBytes; at < bytes.length; at += chunkBytes)
    await writer.write(bytes.subarray(at, at + chunkBytes));
  await writer.commit();
}

async function abandon(store: BlobStore, root: string, bytes: Uint8Array, lengthBytes: number): Promise<void> {
  const writer = await store.beginWrite(root, lengthBytes);
  await writer.write(bytes);
  await writer.abort();
}

async function read(store: BlobStore, root: string, range?: ByteRange): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.openRead(root, range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Comparing long arrays element by element, as `toEqual` does, takes seconds. */
function expectSame(found: Uint8Array, wanted: Uint8Array): void {
  expect(found.length).toBe(wanted.length);
  expect(Buffer.compare(found, wanted)).toBe(0);
}
