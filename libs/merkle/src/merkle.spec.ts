import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MerkleError } from './merkle-error.ts';
import { MerkleHasher } from './merkle-hasher.ts';
import {
  blockHashesOf,
  leafCountOfPiece,
  pieceLayerFromBlocks,
  piecesRootFromBlocks,
  pieceRoot,
  rootOfLayer,
} from './layers.ts';
import { proofOf, rootFromProof } from './proof.ts';
import { BLOCK_LENGTH_BYTES, padHash } from './tree.ts';

/** The tree of BEP 52 as plainly as it can be written. */
function plainRoot(data: Uint8Array, leafCount?: number): Buffer {
  let nodes: Buffer[] = [];
  for (let at = 0; at < data.length; at += BLOCK_LENGTH_BYTES)
    nodes.push(sha256(data.subarray(at, at + BLOCK_LENGTH_BYTES)));
  let width = leafCount ?? 1;
  while (width < nodes.length) width *= 2;
  while (nodes.length < width) nodes.push(Buffer.alloc(32));
  while (nodes.length > 1) {
    nodes = nodes.flatMap((node, index) =>
      index % 2 === 0 ? [sha256(Buffer.concat([node, nodes[index + 1] ?? Buffer.alloc(0)]))] : [],
    );
  }
  return nodes[0] ?? Buffer.alloc(32);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function dataOf(lengthBytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 31 + (index >>> 8)) & 0xff));
}

const LENGTHS = [1, 16_383, 16_384, 16_385, 32_768, 40_000, 65_536, 65_537, 150_000];

describe('MerkleHasher', () => {
  it.each(LENGTHS)('gives the root of the plain tree over %i bytes', (lengthBytes) => {
    const data = dataOf(lengthBytes);
    expect(new MerkleHasher().update(data).digest().piecesRoot).toEqual(plainRoot(data));
  });

  it('gives the same for chunks of any size', () => {
    const data = dataOf(150_000);
    const whole = new MerkleHasher({ pieceLengthBytes: 32_768 }).update(data).digest();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 12 }), (sizes) => {
        const hasher = new MerkleHasher({ pieceLengthBytes: 32_768 });
        let at = 0;
        for (const size of sizes) {
          hasher.update(data.subarray(at, at + size));
          at = Math.min(at + size, data.length);
        }
        expect(hasher.update(data.subarray(at)).digest()).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it.each(LENGTHS)('gives a piece layer that leads to the pieces root of %i bytes', (lengthBytes) => {
    const { piecesRoot, pieceLayer } = new MerkleHasher({ pieceLengthBytes: 32_768 })
      .update(dataOf(lengthBytes))
      .digest();
    expect(pieceLayer.length).toBe(Math.ceil(lengthBytes / 32_768) * 32);
    if (lengthBytes > 32_768) expect(rootOfLayer(pieceLayer, 32_768, lengthBytes)).toEqual(piecesRoot);
  });

  it('gives zeros for an empty file', () => {
    const { piecesRoot, pieceLayer } = new MerkleHasher().digest();
    expect(piecesRoot).toEqual(new Uint8Array(32));
    expect(pieceLayer).toHaveLength(0);
  });

  it.each([0, 1, 16_383, 20_000, 49_152, NaN])('refuses piece length %d', (pieceLengthBytes) => {
    expect(() => new MerkleHasher({ pieceLengthBytes })).toThrow(expect.objectContaining({ code: 'bad_piece_length' }));
  });
});

describe('layers', () => {
  it.each(LENGTHS)('agree with the hasher over %i bytes', (lengthBytes) => {
    const data = dataOf(lengthBytes);
    const blocks = blockHashesOf(data);
    const { piecesRoot, pieceLayer } = new MerkleHasher({ pieceLengthBytes: 65_536 }).update(data).digest();
    expect(piecesRootFromBlocks(blocks)).toEqual(piecesRoot);
    expect(pieceLayerFromBlocks(blocks, 65_536)).toEqual(pieceLayer);
  });

  it('pieceRoot() pads a short last piece of a long file to the whole piece', () => {
    const data = dataOf(20_000);
    expect(pieceRoot(data, leafCountOfPiece(65_536, 1_000_000))).toEqual(plainRoot(data, 4));
  });

  it('pieceRoot() of a file within one piece is its pieces root', () => {
    const data = dataOf(40_000);
    expect(pieceRoot(data, leafCountOfPiece(1_048_576, data.length))).toEqual(
      piecesRootFromBlocks(blockHashesOf(data)),
    );
  });

  it('refuse lists that are not whole hashes, layers of the wrong length and pieces that are too long', () => {
    expect(() => piecesRootFromBlocks(new Uint8Array(33))).toThrow(MerkleError);
    expect(() => rootOfLayer(new Uint8Array(64), 16_384, 16_385 * 2)).toThrow(MerkleError);
    expect(() => pieceRoot(dataOf(16_385), 1)).toThrow(MerkleError);
    expect(() => pieceRoot(dataOf(5), 3)).toThrow(MerkleError);
  });
});

describe('proofs', () => {
  it('lead from any aligned range of a layer to the root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.constantFrom(1, 2, 4, 8), (count, seed, lengthMax) => {
        const layer = blockHashesOf(dataOf(count * BLOCK_LENGTH_BYTES));
        // A range is never wider than the tree.
        const length = Math.min(lengthMax, 2 ** Math.ceil(Math.log2(count)));
        const ranges = Math.ceil(count / length);
        const range = { index: (seed % ranges) * length, length };
        const hashes = layer.subarray(range.index * 32, (range.index + length) * 32);
        const proof = proofOf(layer, 0, range);
        expect(rootFromProof(hashes, 0, range, proof)).toEqual(piecesRootFromBlocks(layer));
        const forged = Buffer.from(hashes);
        forged[0] = (forged[0] ?? 0) ^ 1;
        expect(rootFromProof(forged, 0, range, proof)).not.toEqual(piecesRootFromBlocks(layer));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    { index: 1, length: 2 },
    { index: 0, length: 3 },
    { index: -2, length: 2 },
    { index: 4, length: 4 },
    { index: 0.5, length: 1 },
    { index: 0, length: 1024 },
  ])('refuse %o', (range) => {
    expect(() => proofOf(blockHashesOf(dataOf(4 * BLOCK_LENGTH_BYTES)), 0, range)).toThrow(
      expect.objectContaining({ code: 'bad_proof_range' }),
    );
  });
});

describe('padHash()', () => {
  it('is the root of zero leaves', () => {
    expect(padHash(0)).toEqual(new Uint8Array(32));
    expect(Buffer.from(padHash(1))).toEqual(sha256(Buffer.alloc(64)));
  });
});
