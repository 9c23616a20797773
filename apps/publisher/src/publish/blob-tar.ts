import { blobEntryName, type MissingBlob } from '@swarmpatch/api-contract';
import { type Pack, pack } from 'tar-stream';
import { readBlob, type SourceFile } from './blob-source.ts';
import { asError, chunksOf, feed } from './stream-bridge.ts';

/** Small blobs are read ahead: one open after another is what makes 60,000 files slow. */
const READ_AHEAD_BLOBS = 16;
const READ_AHEAD_BYTES_MAX = 256 * 1024;

export interface WantedBlob extends MissingBlob {
  file: SourceFile;
}

/**
 * Blobs as one tar stream, each named by its pieces root and continued where the origin has it up to.
 *
 * @param onBytes Called with the number of content bytes as they are handed over.
 * @throws {PublishError} `file_changed`
 */
export async function* blobTar(
  blobs: readonly WantedBlob[],
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const tar = pack();
  writeBlobs(tar, blobs, onBytes).then(
    () => {
      tar.finalize();
    },
    (error: unknown) => {
      tar.destroy(asError(error));
    },
  );
  yield* chunksOf(tar);
}

async function writeBlobs(tar: Pack, blobs: readonly WantedBlob[], onBytes: (bytes: number) => void): Promise<void> {
  const ahead = new Map<WantedBlob, Promise<Uint8Array[]>>();
  for (const [index, blob] of blobs.entries()) {
    for (const later of blobs.slice(index, index + READ_AHEAD_BLOBS)) {
      if (later.length - later.have > READ_AHEAD_BYTES_MAX || ahead.has(later)) continue;
      const reading = readWhole(later);
      // Its error is seen when its turn comes; a tar that is cut before must not make it an unhandled one.
      reading.catch(() => undefined);
      ahead.set(later, reading);
    }
    const content = (await ahead.get(blob)) ?? readBlob(blob.file, blob.have);
    ahead.delete(blob);
    await writeEntry(tar, blob, counted(content, onBytes));
  }
}

async function readWhole(blob: WantedBlob): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readBlob(blob.file, blob.have)) chunks.push(chunk);
  return chunks;
}

async function* counted(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    yield chunk;
    onBytes(chunk.length);
  }
}

/** Ends when the whole entry has been taken by whoever reads the tar; fails when they have gone. */
function writeEntry(tar: Pack, blob: WantedBlob, content: AsyncIterable<Uint8Array>): Promise<void> {
  const header = {
    name: blobEntryName(blob.piecesRoot, blob.have),
    size: blob.length - blob.have,
    mtime: new Date(0),
    mode: 0o644,
  };
  return new Promise((resolve, reject) => {
    const entry = tar.entry({ ...header, type: 'file' }, (error) => {
      if (error) reject(error);
      else resolve();
    });
    entry.on('error', reject);
    feed(entry, content).catch((error: unknown) => {
      entry.destroy(asError(error));
    });
  });
}
