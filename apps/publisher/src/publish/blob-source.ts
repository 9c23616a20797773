/** The content of a release by pieces root, read from the studio's disk as it was when it was hashed. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { PublishError } from '../publish-error.ts';

export interface SourceFile {
  absolutePath: string;
  lengthBytes: number;
  /** When the file was last written, as seen when it was scanned. */
  mtimeMs: number;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a file from `offset` to its end.
 *
 * @throws {PublishError} `file_changed` when its length or time is not what it was when it was hashed.
 */
export async function* readBlob(file: SourceFile, offset: number): AsyncGenerator<Uint8Array> {
  const handle = await openAsHashed(file);
  try {
    for (let at = offset; at < file.lengthBytes;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, file.lengthBytes - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) throw changed(file);
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
    await checkUnchanged(handle, file);
  } finally {
    await handle.close();
  }
}

async function openAsHashed(file: SourceFile): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(file.absolutePath);
  } catch (cause) {
    throw changed(file, cause);
  }
  try {
    await checkUnchanged(handle, file);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function checkUnchanged(handle: FileHandle, file: SourceFile): Promise<void> {
  const { size, mtimeMs } = await handle.stat();
  if (size !== file.lengthBytes || mtimeMs !== file.mtimeMs) throw changed(file);
}

function changed(file: SourceFile, cause?: unknown): PublishError {
  const { absolutePath } = file;
  return new PublishError(
    'file_changed',
    `upload ${absolutePath}: it is not the file that was hashed; nothing was published: finish the build, then publish again`,
    { path: absolutePath, cause },
  );
}
