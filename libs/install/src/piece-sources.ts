import type { FileToHash } from './file-hasher.ts';
import { hashFiles, type HashingInput } from './hashed-content.ts';
import type { PathScan } from './path-scan.ts';
import { hashAt, type PieceLayers } from './release-pieces.ts';

export interface PieceSource {
  from: string;
  offsetBytes: number;
}

/** Where on disk a piece can be copied from, by its hash. Pieces lie on piece boundaries of their files. */
export class PieceSources {
  readonly #sources = new Map<string, PieceSource>();
  readonly #pieceLengthBytes: number;

  private constructor(pieceLengthBytes: number) {
    this.#pieceLengthBytes = pieceLengthBytes;
  }

  /** Takes the layers that are known; reads the files of which none is. */
  static async collect(
    input: HashingInput & { installedLayers?: PieceLayers | undefined },
    scan: PathScan,
  ): Promise<PieceSources> {
    const { target } = input;
    const sources = new PieceSources(target.pieceLengthBytes);
    const unread: FileToHash[] = [];
    for (const [path, root] of scan.roots) {
      const lengthBytes = scan.statOf(path)?.lengthBytes ?? 0;
      if (target.piecesIn(lengthBytes) < 2) continue;
      const layer = scan.layers.get(root) ?? input.installedLayers?.(root) ?? target.hashesOfContent(root, lengthBytes);
      if (layer === undefined) unread.push({ path, lengthBytes });
      else sources.#add(path, layer);
    }
    for await (const { index, hashes } of hashFiles(input, unread)) {
      const path = unread[index]?.path;
      if (path !== undefined && hashes !== undefined) sources.#add(path, hashes.pieceLayer);
    }
    return sources;
  }

  find(hashes: Uint8Array, piece: number): PieceSource | undefined {
    const wanted = hashAt(hashes, piece);
    return wanted === undefined ? undefined : this.#sources.get(wanted.toString('latin1'));
  }

  #add(path: string, layer: Uint8Array): void {
    for (let piece = 0, hash = hashAt(layer, 0); hash !== undefined; piece += 1, hash = hashAt(layer, piece)) {
      const key = hash.toString('latin1');
      if (!this.#sources.has(key)) this.#sources.set(key, { from: path, offsetBytes: piece * this.#pieceLengthBytes });
    }
  }
}

/** @returns the pieces of a file whose hash on disk is the wanted one. */
export function piecesThatMatch(
  wanted: Uint8Array,
  found: { piecesRoot: Uint8Array; pieceLayer: Uint8Array },
): number[] {
  const onDisk = found.pieceLayer.length > 0 ? found.pieceLayer : found.piecesRoot;
  const matching: number[] = [];
  for (let piece = 0, hash = hashAt(wanted, 0); hash !== undefined; piece += 1, hash = hashAt(wanted, piece)) {
    if (hashAt(onDisk, piece)?.equals(hash)) matching.push(piece);
  }
  return matching;
}
