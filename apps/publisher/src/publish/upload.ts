/** Brings the blobs that an origin lacks to it, however often the connection drops. */
import type { BeginUploadReply, MissingBlob, UploadBlobsReply } from '@swarmpatch/api-contract';
import { PublishError } from '../publish-error.ts';
import type { SourceFile } from './blob-source.ts';
import { blobTar, type WantedBlob } from './blob-tar.ts';
import { backOff, FRUITLESS_ATTEMPTS_MAX, isPassing, type Patience, patiently } from './patience.ts';

export interface UploadPort {
  /** Begins the upload, or finds it again: what the origin lacks now. */
  begin(): Promise<BeginUploadReply>;
  send(tar: AsyncIterable<Uint8Array>): Promise<UploadBlobsReply>;
}

export interface UploadResult {
  /** Bytes of the blobs that the origin lacked, those that it had in part included. */
  newBytes: number;
  /** Content bytes sent by this run, those sent twice included. */
  uploadedBytes: number;
}

/**
 * @param files The release's content by pieces root, hex.
 * @throws {PublishError} `file_changed`, `upload_failed`
 * @throws {ApiError} what is no use repeating.
 */
export async function uploadBlobs(
  port: UploadPort,
  files: ReadonlyMap<string, SourceFile>,
  patience: Patience,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<UploadResult> {
  let { missing } = await patiently(patience, () => port.begin());
  const newBytes = sumOf(missing, ({ length }) => length);
  let uploadedBytes = 0;
  let fruitless = 0;
  while (missing.length > 0) {
    const left = restOf(missing);
    let doneBytes = newBytes - left;
    onProgress(doneBytes, newBytes);
    try {
      await send(port, findFiles(missing, files), (bytes) => {
        uploadedBytes += bytes;
        doneBytes += bytes;
        onProgress(doneBytes, newBytes);
      });
      ({ missing } = await patiently(patience, () => port.begin()));
      fruitless = restOf(missing) < left ? 0 : fruitless + 1;
      if (fruitless >= FRUITLESS_ATTEMPTS_MAX) throw lacking(missing);
    } catch (error) {
      patience.signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      ({ missing } = await patiently(patience, () => port.begin()));
      fruitless = restOf(missing) < left ? 1 : fruitless + 1;
      if (fruitless >= FRUITLESS_ATTEMPTS_MAX) throw error;
      await backOff(patience, fruitless, error);
    }
  }
  return { newBytes, uploadedBytes };
}

/** A file that changed fails the tar, which the connection reports as its own failure: the first cause is what is thrown. */
async function send(port: UploadPort, blobs: readonly WantedBlob[], onBytes: (bytes: number) => void): Promise<void> {
  let sourceError: unknown;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* blobTar(blobs, onBytes);
    } catch (error) {
      sourceError = error;
      throw error;
    }
  };
  try {
    await port.send(source());
  } catch (error) {
    throw sourceError instanceof PublishError ? sourceError : error;
  }
}

function findFiles(missing: readonly MissingBlob[], files: ReadonlyMap<string, SourceFile>): WantedBlob[] {
  return missing.map((blob) => {
    const file = files.get(blob.piecesRoot);
    if (file?.lengthBytes === blob.length && blob.have <= blob.length) return { ...blob, file };
    throw new PublishError(
      'upload_failed',
      `upload: the origin asks for ${blob.length} bytes with pieces root ${blob.piecesRoot} from ${blob.have}, which are not of this release`,
    );
  });
}

function lacking(missing: readonly MissingBlob[]): PublishError {
  return new PublishError(
    'upload_failed',
    `upload: the origin took all that it asked for ${FRUITLESS_ATTEMPTS_MAX} times and still lacks ${missing.length} blobs; its storage may be failing`,
  );
}

function restOf(missing: readonly MissingBlob[]): number {
  return sumOf(missing, ({ length, have }) => length - have);
}

function sumOf(missing: readonly MissingBlob[], count: (blob: MissingBlob) => number): number {
  return missing.reduce((sum, blob) => sum + count(blob), 0);
}
