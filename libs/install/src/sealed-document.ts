// A sealed document is one line `swarmpatch NAME FORMAT SHA256` and then JSON. The SHA-256 is of `swarmpatch NAME FORMAT`, a line feed and
// the JSON: a torn write or a flipped bit anywhere is seen before a field of it is believed, its format included. Later formats are sealed
// in the same way, so that they are told from damage.
import { createHash } from 'node:crypto';
import { writeDurably } from './durable-write.ts';
import { errnoOf, type FileSystem } from './file-system.ts';
import { InstallError } from './install-error.ts';

/** Index and journal of a release with a million files; a state file larger than this was not written by the launcher. */
export const SEALED_DOCUMENT_BYTES_MAX: number = 512 * 1024 * 1024;

export interface SealedKind {
  name: string;
  format: number;
}

const SEAL_PATTERN = /^swarmpatch ([a-z]+) (0|[1-9][0-9]{0,5}) ([0-9a-f]{64})$/;
const SEAL_CHARACTERS_MAX = 128;

export function seal(kind: SealedKind, body: unknown): Uint8Array {
  const json = Buffer.from(JSON.stringify(body));
  return Buffer.concat([Buffer.from(`swarmpatch ${kind.name} ${kind.format} ${checksumOf(kind, json)}\n`), json]);
}

/**
 * @returns the JSON value, its shape not checked yet.
 * @throws {InstallError} `state_corrupt`, `state_too_new`
 */
export function unseal(kind: SealedKind, path: string, bytes: Uint8Array): unknown {
  const document = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = document.subarray(0, SEAL_CHARACTERS_MAX).indexOf(0x0a);
  const match = end === -1 ? null : SEAL_PATTERN.exec(document.toString('latin1', 0, end));
  if (match === null || match[1] !== kind.name) throw corrupt(path, `found no seal of a ${kind.name}`);
  const json = document.subarray(end + 1);
  const format = Number(match[2]);
  if (checksumOf({ name: kind.name, format }, json) !== match[3]) {
    throw corrupt(path, 'found content that does not match its checksum');
  }
  if (format > kind.format) {
    throw new InstallError(
      'state_too_new',
      `read ${path}: found format ${format}, wanted ${kind.format}; use a newer launcher`,
      { path },
    );
  }
  try {
    return JSON.parse(json.toString('utf8'));
  } catch (error) {
    throw corrupt(path, 'found no JSON', error);
  }
}

/** @returns SHA-256, hex. */
function checksumOf({ name, format }: SealedKind, json: Uint8Array): string {
  return createHash('sha256').update(`swarmpatch ${name} ${format}\n`).update(json).digest('hex');
}

/** @returns undefined when there is no such file. */
export async function readSealed(files: FileSystem, kind: SealedKind, path: string): Promise<unknown> {
  const stat = await files.stat(path);
  if (stat === undefined) return undefined;
  if (stat.kind !== 'file') throw corrupt(path, `found a ${stat.kind}`);
  if (stat.lengthBytes > SEALED_DOCUMENT_BYTES_MAX) {
    throw corrupt(path, `found ${stat.lengthBytes} bytes, wanted at most ${SEALED_DOCUMENT_BYTES_MAX}`);
  }
  try {
    return unseal(kind, path, await files.read(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writeSealed(files: FileSystem, kind: SealedKind, path: string, body: unknown): Promise<void> {
  await writeDurably(files, path, seal(kind, body));
}

/** What every reader of a sealed document says when its shape is wrong. */
export function corrupt(path: string, found: string, cause?: unknown): InstallError {
  return new InstallError(
    'state_corrupt',
    `read ${path}: ${found}, wanted what the launcher wrote; run install again with this directory: it keeps what is whole`,
    { path, cause },
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
