import { randomInteger } from '../builds/index.ts';
import type { File } from './names.ts';

const BLOCK_BYTES = 4096;

/** Blocks that hold nothing but zeros take no room. */
export function allocatedBytes(bytes: Uint8Array): number {
  let allocated = 0;
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    if (bytes.subarray(at, at + BLOCK_BYTES).some((byte) => byte !== 0)) allocated += BLOCK_BYTES;
  }
  return allocated;
}

/** A file whose content and mode are on the disk. */
export function settled(file: File, bytes: Uint8Array, executable: boolean): File {
  return { ...file, bytes, durableBytes: bytes, executable, durableExecutable: executable };
}

/** What a power cut leaves of content that was not synced: the old, the new, or some of it with zeros between. */
export function survivingBytes(file: File, random: () => number): Uint8Array {
  const { bytes, durableBytes } = file;
  const luck = random();
  if (bytes === durableBytes || luck < 0.35) return durableBytes;
  if (luck < 0.6) return bytes;
  const torn = bytes.slice(0, luck < 0.8 ? randomInteger(random, 0, bytes.length) : bytes.length);
  const from = randomInteger(random, 0, torn.length);
  return torn.fill(0, from, randomInteger(random, from, torn.length));
}
