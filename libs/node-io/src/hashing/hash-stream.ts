import { createHash } from 'node:crypto';

import { CHUNK_LENGTH_BYTES, readPart } from './file-reader.ts';
import type { ReadOutcome } from './file-reader.ts';
import type { StreamJob, StreamResult, StreamSlice } from './hash-job.ts';

const buffer = new Uint8Array(CHUNK_LENGTH_BYTES);
const zeros = new Uint8Array(CHUNK_LENGTH_BYTES);

/** v1 pieces, which may span files. A slice that cannot be read spoils the pieces that it lies in, and no others. */
export function hashStream(job: StreamJob): StreamResult {
  const lengthBytes = job.slices.reduce((sum, slice) => sum + slice.lengthBytes, 0);
  const pieces = new PieceStream(job.pieceLengthBytes, lengthBytes);
  const outcomes = job.slices.map((slice) => hashSlice(slice, pieces));
  return {
    kind: 'stream',
    sha1s: pieces.sha1s,
    isWhole: pieces.isWhole,
    statuses: outcomes.map((outcome) => outcome.status),
    fileLengths: outcomes.map((outcome) => outcome.fileLengthBytes),
  };
}

function hashSlice(slice: StreamSlice, pieces: PieceStream): ReadOutcome {
  if (slice.isPad) {
    for (let left = slice.lengthBytes; left > 0; left -= zeros.length)
      pieces.add(zeros.subarray(0, Math.min(left, zeros.length)));
    return { status: 'read', fileLengthBytes: slice.lengthBytes };
  }
  let got = 0;
  const outcome = readPart(slice, buffer, (chunk) => {
    got += chunk.length;
    pieces.add(chunk);
  });
  if (got < slice.lengthBytes) pieces.skip(slice.lengthBytes - got);
  return outcome;
}

class PieceStream {
  readonly sha1s: Uint8Array;
  readonly isWhole: Uint8Array;
  readonly #pieceLengthBytes: number;
  readonly #lengthBytes: number;
  #at = 0;
  #sha1 = createHash('sha1');

  constructor(pieceLengthBytes: number, lengthBytes: number) {
    const count = Math.ceil(lengthBytes / pieceLengthBytes);
    this.sha1s = new Uint8Array(count * 20);
    this.isWhole = new Uint8Array(count).fill(1);
    this.#pieceLengthBytes = pieceLengthBytes;
    this.#lengthBytes = lengthBytes;
  }

  add(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length;) {
      const count = Math.min(chunk.length - from, this.#leftInPiece());
      this.#sha1.update(chunk.subarray(from, from + count));
      from += count;
      this.#advance(count);
    }
  }

  skip(lengthBytes: number): void {
    for (let left = lengthBytes; left > 0;) {
      const count = Math.min(left, this.#leftInPiece());
      this.isWhole[this.#piece()] = 0;
      left -= count;
      this.#advance(count);
    }
  }

  #advance(count: number): void {
    const piece = this.#piece();
    const closes = count === this.#leftInPiece();
    this.#at += count;
    if (!closes) return;
    if (this.isWhole[piece] === 1) this.sha1s.set(this.#sha1.digest(), piece * 20);
    this.#sha1 = createHash('sha1');
  }

  #piece(): number {
    return Math.floor(this.#at / this.#pieceLengthBytes);
  }

  #leftInPiece(): number {
    return Math.min((this.#piece() + 1) * this.#pieceLengthBytes, this.#lengthBytes) - this.#at;
  }
}
