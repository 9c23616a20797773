import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { TORRENT_BYTES_MAX, parseTorrent } from '@swarmpatch/metainfo';
import type { Metainfo, ParseTorrentOptions } from '@swarmpatch/metainfo';
import writeFileAtomic from 'write-file-atomic';

import { refusalOfPlace } from '../file-system/file-place.ts';
import { systemCode } from './scan-error.ts';

export class TorrentFileError extends Error {
  override readonly name = 'TorrentFileError';
  readonly code: 'torrent_unreadable' | 'torrent_unwritable';
  readonly path: string;

  constructor(code: TorrentFileError['code'], path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}

/**
 * Reads and checks a torrent file; never more than the limit of bytes.
 *
 * @throws {TorrentFileError} `torrent_unreadable`
 * @throws {MetainfoError}
 */
export async function readTorrentFile(
  path: string,
  options: Pick<ParseTorrentOptions, 'missingLayers'> = {},
): Promise<{ readonly metainfo: Metainfo; readonly bytes: Uint8Array }> {
  const bytes = await readAtMost(path, TORRENT_BYTES_MAX + 1);
  return { metainfo: parseTorrent(bytes, options), bytes };
}

async function readAtMost(path: string, bytesMax: number): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    const bytes = new Uint8Array(Math.min(size, bytesMax));
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } catch (error) {
    throw new TorrentFileError(
      'torrent_unreadable',
      path,
      `read torrent ${JSON.stringify(path)}: the system refuses (${systemCode(error)}); give a torrent file that can be read`,
      { cause: error },
    );
  } finally {
    await handle?.close();
  }
}

/**
 * Refuses a place that `writeTorrentFile` could not write to, before the work is done.
 *
 * @throws {TorrentFileError} `torrent_unwritable`
 */
export async function checkTorrentPlace(path: string): Promise<void> {
  const refusal = await refusalOfPlace(path);
  if (refusal) throw unwritable(path, refusal);
}

/** Writes a torrent file whole or not at all. @throws {TorrentFileError} `torrent_unwritable` */
export async function writeTorrentFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFileAtomic(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    throw unwritable(path, `the system refuses (${systemCode(error)})`, error);
  }
}

function unwritable(path: string, found: string, cause?: unknown): TorrentFileError {
  return new TorrentFileError('torrent_unwritable', path, `write torrent ${JSON.stringify(path)}: ${found}`, { cause });
}
