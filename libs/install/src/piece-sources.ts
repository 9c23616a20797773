import type { FileHashes, FileHasher, FileToHash } from './file-hasher.ts';
import type { FileSystem } from './file-system.ts';
import type { PathScan } from './path-scan.ts';
import { hashAt, type ReleasePieces } from './release-pieces.ts';

export interface PieceSourcesInput {
  files: FileSystem;
  /** Read in any case; none unless given. */
  further?: readonly string[] | undefined;
  hasher: FileHasher;
  target: ReleasePieces;
  installedPieces?: ReleasePieces | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

export interface PieceSource {
  from: string;
  offsetBytes: number;
}

/** Where on disk a piece can be copied from, by its hash. Pieces lie on piece boundaries of their files. */
export class PieceSources {
  readonly #sources = new Map<string, PieceSource>();
  /** Piece layers by path. */
  readonly #layers = new Map<string, Uint8Array>();
  readonly #pieceLengthBytes: number;

  private constructor(pieceLengthBytes: number) {
    this.#pieceLengthBytes = pieceLengthBytes;
  }

  /** Takes the layers that are known; reads the files of which none is. */
  static async collect(input: PieceSourcesInput, scan: PathScan): Promise<PieceSources> {
    const { target, installedPieces } = input;
    const { pieceLengthBytes } = target;
    const isSameLength = installedPieces?.pieceLengthBytes === pieceLengthBytes;
    const sources = new PieceSources(pieceLengthBytes);
    const unread: FileToHash[] = [];
    for (const [path, root] of scan.roots) {
      const stat = scan.statOf(path);
      if (stat === undefined || target.piecesIn(stat.lengthBytes) < 2) continue;
      const installedLayer = isSameLength ? installedPieces.layerOf(root) : undefined;
      const layer = scan.layers.get(root) ?? installedLayer ?? target.layerOf(root);
      if (layer === undefined) unread.push({ path, lengthBytes: stat.lengthBytes, mtimeMs: stat.mtimeMs });
      else sources.#add(path, layer);
    }
    const { further = [] } = input;
    for (const [index, stat] of (await input.files.statAll(further)).entries()) {
      const path = further[index];
      if (path === undefined || stat?.kind !== 'file' || target.piecesIn(stat.lengthBytes) < 2) continue;
      unread.push({ path, lengthBytes: stat.lengthBytes, mtimeMs: stat.mtimeMs });
    }
    const found = await input.hasher.hash(unread, {
      pieceLengthBytes,
      signal: input.signal,
      onProgress: input.onProgress,
    });
    for (const [index, { path }] of unread.entries()) {
      const layer = found[index]?.pieceLayer;
      if (layer !== undefined) sources.#add(path, layer);
    }
    return sources;
  }

  find(hashes: Uint8Array, piece: number): PieceSource | undefined {
    const wanted = hashAt(hashes, piece);
    return wanted === undefined ? undefined : this.#sources.get(wanted.toString('latin1'));
  }

  /** @returns the layer of a file on disk that is longer than a piece. */
  layerAt(path: string): Uint8Array | undefined {
    return this.#layers.get(path);
  }

  #add(path: string, layer: Uint8Array): void {
    this.#layers.set(path, layer);
    for (let piece = 0, hash = hashAt(layer, 0); hash !== undefined; piece += 1, hash = hashAt(layer, piece)) {
      const key = hash.toString('latin1');
      if (!this.#sources.has(key)) this.#sources.set(key, { from: path, offsetBytes: piece * this.#pieceLengthBytes });
    }
  }
}

/** @returns the pieces of a file whose hash on disk is the wanted one. */
export function piecesThatMatch(wanted: Uint8Array, found: FileHashes): number[] {
  const onDisk = found.pieceLayer.length > 0 ? found.pieceLayer : found.piecesRoot;
  const matching: number[] = [];
  for (let piece = 0, hash = hashAt(wanted, 0); hash !== undefined; piece += 1, hash = hashAt(wanted, piece)) {
    if (hashAt(onDisk, piece)?.equals(hash)) matching.push(piece);
  }
  return matching;
}
