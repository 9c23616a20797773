/** Brings the blobs that an origin lacks to it, however often the connection drops. */
import type { BeginUploadReply, MissingBlob, UploadBlobsReply } from '@swarmpatch/api-contract';
import type { ApiError } from '@swarmpatch/node-io/api-client';
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
    const sent = await trySend(port, findFiles(missing, files), patience, (bytes) => {
      uploadedBytes += bytes;
      doneBytes += bytes;
      onProgress(doneBytes, newBytes);
    });
    if (sent.stored === missing.length) break;
    ({ missing } = await patiently(patience, () => port.begin()));
    fruitless = restOf(missing) < left ? 0 : fruitless + 1;
    if (fruitless >= FRUITLESS_ATTEMPTS_MAX) throw sent.interruption ?? lacking(missing);
    if (sent.interruption !== undefined) await backOff(patience, fruitless + 1, sent.interruption);
  }
  return { newBytes, uploadedBytes };
}

interface Sent {
  /** Blobs that the origin says became whole. */
  stored?: number;
  /** What ended the connection, when it may be tried again. */
  interruption?: ApiError;
}

async function trySend(
  port: UploadPort,
  blobs: readonly WantedBlob[],
  patience: Patience,
  onBytes: (bytes: number) => void,
): Promise<Sent> {
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
    return { stored: (await port.send(source())).stored };
  } catch (error) {
    patience.signal.throwIfAborted();
    // A file that changed fails the tar, which the connection reports as a failure of its own.
    if (sourceError instanceof PublishError) throw sourceError;
    if (!isPassing(error)) throw error;
    return { interruption: error };
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
