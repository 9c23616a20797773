import { randomInteger } from '../builds/index.ts';
import type { File } from './names.ts';

const BLOCK_BYTES = 4096;
const SECTOR_BYTES = 512;

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

/**
 * What a power cut leaves of content that was not synced. Sectors are written whole, in any order: each is old or new. What a file
 * has gained reads as zeros where it was not written.
 */
export function survivingBytes(file: File, random: () => number): Uint8Array {
  const { bytes, durableBytes } = file;
  const luck = random();
  if (bytes === durableBytes || luck < 0.35) return durableBytes;
  if (luck < 0.6) return bytes;
  const torn = new Uint8Array(survivingLength(file, random));
  for (let at = 0; at < torn.length; at += SECTOR_BYTES) {
    const source = random() < 0.5 ? bytes : durableBytes;
    torn.set(source.subarray(at, Math.min(at + SECTOR_BYTES, torn.length)), at);
  }
  return torn;
}

/** A file that is cut off gets its new length at once; one that grows does so as its blocks are written. */
function survivingLength({ bytes, durableBytes }: File, random: () => number): number {
  if (random() < 0.5) return random() < 0.5 ? bytes.length : durableBytes.length;
  return bytes.length > durableBytes.length
    ? randomInteger(random, durableBytes.length, bytes.length)
    : durableBytes.length;
}
