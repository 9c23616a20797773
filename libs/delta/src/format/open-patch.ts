import { Buffer } from 'node:buffer';

import { DeltaError } from '../delta-error.ts';
import type { ByteSource, Decompressor } from '../ports.ts';
import { readRange, type PlacedChunk } from './chunk-stream.ts';
import { decodeListing } from './decode-listing.ts';
import { checkHead, checkListing, decodeTail, HEAD_BYTES, TAIL_BYTES, type Tail } from './frame.ts';
import { writtenLengths, type Listing } from './listing.ts';

/** A segment whose chunks are placed in the file. */
export interface PlacedSegment {
  readonly newBytes: number;
  readonly streams: readonly (readonly PlacedChunk[])[];
}

/** A patch whose listing was read and checked. Nothing of the segments is read yet. */
export interface Patch {
  readonly source: ByteSource;
  readonly decompressor: Decompressor;
  readonly listing: Listing;
  readonly segments: readonly PlacedSegment[];
  /** What applying it writes: the sum of the lengths of its written files. */
  readonly writtenBytes: number;
}

/**
 * Reads the listing of a patch, whole in bounded memory.
 *
 * @throws {DeltaError} `not_a_patch`, `unknown_version`, `bad_patch`, `patch_too_large`
 */
export async function openPatch(source: ByteSource, decompressor: Decompressor): Promise<Patch> {
  if (source.length < HEAD_BYTES + TAIL_BYTES) {
    throw new DeltaError('not_a_patch', `read a patch: found ${source.length} bytes, which is less than any patch has`);
  }
  checkHead(await source.read(0, HEAD_BYTES));
  const tailBytes = await source.read(source.length - TAIL_BYTES, TAIL_BYTES);
  const tail = decodeTail(tailBytes);
  const listingAt = source.length - TAIL_BYTES - tail.storedBytes;
  if (listingAt < HEAD_BYTES) {
    throw new DeltaError(
      'bad_patch',
      `read a patch: its listing of ${tail.storedBytes} bytes begins before the file does`,
    );
  }
  const stored = await source.read(listingAt, tail.storedBytes);
  checkListing(stored, tailBytes);
  const listing = decodeListing(await decompressListing(stored, tail, decompressor));
  return {
    source,
    decompressor,
    listing,
    segments: placeSegments(listing, listingAt),
    writtenBytes: writtenLengths(listing.entries).reduce((sum, length) => sum + length, 0),
  };
}

async function decompressListing(stored: Uint8Array, tail: Tail, decompressor: Decompressor): Promise<Uint8Array> {
  const raw = Buffer.alloc(tail.rawBytes);
  let at = 0;
  const memory: ByteSource = {
    length: stored.length,
    read: async (offset, length) => stored.subarray(offset, offset + length),
  };
  try {
    for await (const bytes of decompressor.decompress(tail.method, readRange(memory, 0, stored.length))) {
      const room = raw.length - at;
      if (bytes.length > room) {
        throw new DeltaError(
          'bad_patch',
          `read a patch: its listing has more than the ${raw.length} bytes it declares`,
        );
      }
      raw.set(bytes, at);
      at += bytes.length;
    }
  } catch (cause) {
    if (cause instanceof DeltaError) throw cause;
    throw new DeltaError('bad_patch', 'read a patch: its listing cannot be decompressed; fetch it again', { cause });
  }
  if (at < raw.length) {
    throw new DeltaError('bad_patch', `read a patch: its listing has ${at} bytes, it declares ${raw.length}`);
  }
  return raw;
}

function placeSegments(listing: Listing, listingAt: number): PlacedSegment[] {
  let offset = HEAD_BYTES;
  const segments = listing.segments.map(({ newBytes, streams }) => ({
    newBytes,
    streams: streams.map((chunks) =>
      chunks.map((chunk) => {
        const placed = { ...chunk, offset };
        offset += chunk.storedBytes;
        return placed;
      }),
    ),
  }));
  if (offset !== listingAt) {
    throw new DeltaError(
      'bad_patch',
      `read a patch: found ${listingAt - HEAD_BYTES} bytes of data, its listing names ${offset - HEAD_BYTES}`,
    );
  }
  return segments;
}
