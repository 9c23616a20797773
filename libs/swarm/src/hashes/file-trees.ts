import { Buffer } from 'node:buffer';

import type { Metainfo } from '@swarmpatch/metainfo';
import { BLOCK_LENGTH_BYTES } from '@swarmpatch/peer-wire';

import { FileTree } from './file-tree.ts';

/** Trees that are kept, with the upper layers that were computed. */
const TREES_KEPT_MAX = 16;

/** A block's file and piece. */
export interface PlacedPiece {
  readonly tree: FileTree;
  readonly pieceInFile: number;
}

/** What of a torrent the trees are made of. */
export type TreeSource = Pick<Metainfo, 'files' | 'pieceLengthBytes' | 'geometry' | 'pieceHashes'>;

/** The hash trees of a v2 or hybrid torrent's files, made as they are asked for. */
export class FileTrees {
  readonly #source: TreeSource;
  readonly #trees = new Map<number, FileTree>();
  #byRoot: Map<string, number> | undefined;

  constructor(source: TreeSource) {
    this.#source = source;
  }

  /** @param piecesRoot 32 bytes. Of equal files the first. */
  withRoot(piecesRoot: Uint8Array): FileTree | undefined {
    this.#byRoot ??= this.#indexRoots();
    const fileIndex = this.#byRoot.get(Buffer.from(piecesRoot).toString('latin1'));
    return fileIndex === undefined ? undefined : this.#treeOf(fileIndex);
  }

  ofPiece(piece: number): PlacedPiece | undefined {
    const { geometry } = this.#source;
    if (piece >= geometry.pieceCount) return undefined;
    const [span] = geometry.filesOfPiece(piece);
    const tree = span && this.#treeOf(span.fileIndex);
    return tree && { tree, pieceInFile: piece - tree.firstPiece };
  }

  #indexRoots(): Map<string, number> {
    const byRoot = new Map<string, number>();
    for (const [fileIndex, { piecesRoot, lengthBytes }] of this.#source.files.entries()) {
      if (!piecesRoot || lengthBytes === 0) continue;
      const key = Buffer.from(piecesRoot).toString('latin1');
      if (!byRoot.has(key)) byRoot.set(key, fileIndex);
    }
    return byRoot;
  }

  #treeOf(fileIndex: number): FileTree | undefined {
    const known = this.#trees.get(fileIndex);
    if (known) return known;
    const { files, pieceLengthBytes, geometry, pieceHashes } = this.#source;
    const file = files[fileIndex];
    if (!file?.piecesRoot || file.lengthBytes === 0) return undefined;
    const tree = new FileTree({
      root: file.piecesRoot,
      lengthBytes: file.lengthBytes,
      pieceLengthBytes,
      blockLengthBytes: BLOCK_LENGTH_BYTES,
      firstPiece: geometry.piecesOfFile(fileIndex).first,
      layer: pieceHashes.layers[fileIndex],
    });
    this.#trees.set(fileIndex, tree);
    if (this.#trees.size > TREES_KEPT_MAX) {
      for (const oldest of this.#trees.keys()) {
        this.#trees.delete(oldest);
        break;
      }
    }
    return tree;
  }
}
