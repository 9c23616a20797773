import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

import { HASH_LENGTH_BYTES, leafCountOfPiece, pieceRoot } from '@swarmpatch/merkle';

import type { Metainfo } from './metainfo.ts';

/** What a piece must hash to; plain data, to be sent to a worker. */
export type PieceDigest =
  | { readonly kind: 'v1'; readonly sha1: Uint8Array; readonly lengthBytes: number }
  | {
      readonly kind: 'v2';
      readonly root: Uint8Array;
      readonly leafCount: number;
      /** Without padding: where the file ends in this piece. */
      readonly lengthBytes: number;
    };

/** Knows what each piece of a torrent must hash to. */
export class PieceVerifier {
  readonly #metainfo: Metainfo;

  constructor(metainfo: Metainfo) {
    this.#metainfo = metainfo;
  }

  /** The v2 root where it is known, else the v1 hash; undefined for v2 while the piece layer is missing. */
  digestOf(piece: number): PieceDigest | undefined {
    return this.#v2Digest(piece) ?? this.#v1Digest(piece);
  }

  /**
   * @param data The whole piece; its padding may be left out of a v2 or hybrid piece.
   * @returns False also where nothing is known to compare with.
   */
  verify(piece: number, data: Uint8Array): boolean {
    const digest = this.digestOf(piece);
    return digest !== undefined && matchesDigest(digest, data);
  }

  #v2Digest(piece: number): PieceDigest | undefined {
    const { files, geometry, pieceHashes, pieceLengthBytes } = this.#metainfo;
    const [span] = geometry.filesOfPiece(piece);
    if (!span) return undefined;
    const file = files[span.fileIndex];
    if (!file?.piecesRoot) return undefined;
    const leafCount = leafCountOfPiece(pieceLengthBytes, file.lengthBytes);
    if (file.lengthBytes <= pieceLengthBytes)
      return { kind: 'v2', root: file.piecesRoot, leafCount, lengthBytes: file.lengthBytes };
    const at = (span.fileOffsetBytes / pieceLengthBytes) * HASH_LENGTH_BYTES;
    const root = pieceHashes.layers[span.fileIndex]?.subarray(at, at + HASH_LENGTH_BYTES);
    return root && { kind: 'v2', root, leafCount, lengthBytes: span.lengthBytes };
  }

  #v1Digest(piece: number): PieceDigest | undefined {
    const sha1 = this.#metainfo.pieceHashes.v1?.subarray(piece * 20, piece * 20 + 20);
    return sha1 && { kind: 'v1', sha1, lengthBytes: this.#metainfo.geometry.pieceSizeBytes(piece) };
  }
}

export function matchesDigest(digest: PieceDigest, data: Uint8Array): boolean {
  if (data.length < digest.lengthBytes) return false;
  const bytes = data.subarray(0, digest.lengthBytes);
  const [found, wanted] =
    digest.kind === 'v2'
      ? [pieceRoot(bytes, digest.leafCount), digest.root]
      : [hash('sha1', bytes, 'buffer'), digest.sha1];
  return Buffer.compare(found, wanted) === 0;
}

export function verifyPiece(metainfo: Metainfo, piece: number, data: Uint8Array): boolean {
  return new PieceVerifier(metainfo).verify(piece, data);
}
