import { createHash, hash } from 'node:crypto';

import { MerkleHasher, leafCountOfPiece, pieceRoot } from '@swarmpatch/merkle';

import { CHUNK_LENGTH_BYTES, readPart } from './file-reader.ts';
import type { FilePart, PartsJob, PartsResult, ReadStatus, V1Hashing } from './hash-job.ts';

const buffer = new Uint8Array(CHUNK_LENGTH_BYTES);
const zeros = new Uint8Array(CHUNK_LENGTH_BYTES);

/** Both hashes of every piece in one read. */
export function hashParts(job: PartsJob): PartsResult {
  const hashes: PieceHashes = { roots: [], sha1s: [] };
  const statuses: ReadStatus[] = [];
  const fileLengths = new Float64Array(job.parts.length);
  const pieceCounts = new Uint32Array(job.parts.length);
  for (const [index, part] of job.parts.entries()) {
    const before = hashes.roots.length;
    const pieces =
      job.pieceLengthBytes <= CHUNK_LENGTH_BYTES
        ? new ShortPieces(part, job, hashes)
        : new LongPieces(part, job, hashes);
    const { status, fileLengthBytes } = readPart(part, buffer, (chunk) => {
      pieces.add(chunk);
    });
    statuses.push(status);
    fileLengths[index] = fileLengthBytes;
    pieceCounts[index] = hashes.roots.length - before;
  }
  return {
    kind: 'parts',
    statuses,
    fileLengths,
    pieceCounts,
    roots: concatenate(hashes.roots, 32),
    sha1s: concatenate(hashes.sha1s, 20),
  };
}

interface PieceHashes {
  readonly roots: Uint8Array[];
  readonly sha1s: Uint8Array[];
}

/** Pieces that lie whole in a chunk: each takes one call per hash. */
class ShortPieces {
  readonly #pieceLengthBytes: number;
  readonly #leafCount: number;
  readonly #v1: V1Hashing;
  readonly #hashes: PieceHashes;
  #leftBytes: number;

  constructor(part: FilePart, { pieceLengthBytes, v1 }: PartsJob, hashes: PieceHashes) {
    this.#hashes = hashes;
    this.#pieceLengthBytes = pieceLengthBytes;
    this.#leafCount = leafCountOfPiece(pieceLengthBytes, part.fileLengthBytes);
    this.#leftBytes = part.lengthBytes;
    this.#v1 = v1;
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += this.#pieceLengthBytes) {
      const piece = chunk.subarray(at, at + this.#pieceLengthBytes);
      if (piece.length < Math.min(this.#pieceLengthBytes, this.#leftBytes)) return;
      this.#leftBytes -= piece.length;
      this.#hashes.roots.push(pieceRoot(piece, this.#leafCount));
      if (this.#v1 !== 'none') this.#hashes.sha1s.push(hash('sha1', this.#padded(piece, chunk, at), 'buffer'));
    }
  }

  /** The chunk is the start of our own buffer: what lies behind it is free to be zeroed. */
  #padded(piece: Uint8Array, chunk: Uint8Array, at: number): Uint8Array {
    if (this.#v1 !== 'padded' || piece.length === this.#pieceLengthBytes) return piece;
    return new Uint8Array(chunk.buffer, chunk.byteOffset + at, this.#pieceLengthBytes).fill(0, piece.length);
  }
}

/** Pieces of several chunks. */
class LongPieces {
  readonly #pieceLengthBytes: number;
  readonly #isShortFile: boolean;
  readonly #v1: V1Hashing;
  readonly #hashes: PieceHashes;
  #leftBytes: number;
  #merkle: MerkleHasher;
  #sha1 = createHash('sha1');

  constructor(part: FilePart, { pieceLengthBytes, v1 }: PartsJob, hashes: PieceHashes) {
    this.#hashes = hashes;
    this.#pieceLengthBytes = pieceLengthBytes;
    this.#isShortFile = part.fileLengthBytes <= pieceLengthBytes;
    this.#leftBytes = part.lengthBytes;
    this.#v1 = v1;
    this.#merkle = this.#newMerkle();
  }

  /** The piece length is a multiple of the chunk length: a chunk never spans two pieces. */
  add(chunk: Uint8Array): void {
    this.#merkle.update(chunk);
    if (this.#v1 !== 'none') this.#sha1.update(chunk);
    this.#leftBytes -= chunk.length;
    if (this.#merkle.lengthBytes === this.#pieceLengthBytes || this.#leftBytes === 0) this.#closePiece();
  }

  #closePiece(): void {
    if (this.#v1 === 'padded') {
      for (let at = this.#merkle.lengthBytes; at < this.#pieceLengthBytes;) {
        const count = Math.min(zeros.length, this.#pieceLengthBytes - at);
        this.#sha1.update(zeros.subarray(0, count));
        at += count;
      }
    }
    const { piecesRoot, pieceLayer } = this.#merkle.digest();
    this.#hashes.roots.push(this.#isShortFile ? piecesRoot : pieceLayer);
    if (this.#v1 !== 'none') this.#hashes.sha1s.push(this.#sha1.digest());
    this.#merkle = this.#newMerkle();
    this.#sha1 = createHash('sha1');
  }

  #newMerkle(): MerkleHasher {
    return new MerkleHasher({ pieceLengthBytes: this.#pieceLengthBytes });
  }
}

/** An array of its own, so that it can be transferred to another thread. */
function concatenate(hashes: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const all = new Uint8Array(hashes.length * lengthBytes);
  for (const [index, bytes] of hashes.entries()) all.set(bytes, index * lengthBytes);
  return all;
}
