import { Buffer } from 'node:buffer';
import { foldLayer, HASH_LENGTH_BYTES, pieceHeight } from '@swarmpatch/merkle';
import type { Manifest, ManifestFile } from '@swarmpatch/release';
import type { FileAtHand } from './file-at-hand.ts';

/** A release as its signed documents tell it. */
export interface DescribedRelease {
  manifest: Manifest;
  /** By pieces root, hex: the piece layer of each file that is longer than a piece, at the manifest's piece length. */
  layers: ReadonlyMap<string, Uint8Array>;
}

export interface ReleaseComparison {
  /** One for each of the target's files. */
  atHand: FileAtHand[];
  /** Paths that the target does not have. */
  removedCount: number;
  /** `at_most`: the old release has longer pieces; equal ones of the new length show only when its files are read. */
  precision: 'exact' | 'at_most';
}

/** What an update finds at hand in an install that is whole at another release, told from their documents alone. */
export function compareReleases(installed: DescribedRelease, target: DescribedRelease): ReleaseComparison {
  const oldFiles = new Map(installed.manifest.files.map((file) => [file.path, file]));
  const stayingPaths = new Set<string>();
  for (const file of target.manifest.files)
    if (isSameContent(oldFiles.get(file.path), file)) stayingPaths.add(file.path);
  const staying = new Set<string>();
  const givenUp = new Set<string>();
  for (const { path, piecesRoot } of installed.manifest.files)
    if (piecesRoot !== undefined) (stayingPaths.has(path) ? staying : givenUp).add(piecesRoot);

  const arriving = new Set<string>();
  const held = new HeldPieces(installed, target);
  const atHand = target.manifest.files.map((file): FileAtHand => {
    const { path, piecesRoot } = file;
    if (stayingPaths.has(path)) return { kind: 'unchanged' };
    if (piecesRoot === undefined) return { kind: 'copied' };
    if (givenUp.delete(piecesRoot)) {
      staying.add(piecesRoot);
      return { kind: 'moved' };
    }
    if (staying.has(piecesRoot) || arriving.has(piecesRoot)) return { kind: 'copied' };
    arriving.add(piecesRoot);
    return { kind: 'fetched', heldBytes: held.bytesOf(piecesRoot, file.length), stagedBytes: 0, allocatedBytes: 0 };
  });
  const newPaths = new Set(target.manifest.files.map((file) => file.path));
  const removedCount = installed.manifest.files.filter((file) => !newPaths.has(file.path)).length;
  return { atHand, removedCount, precision: held.precision };
}

function isSameContent(old: ManifestFile | undefined, file: ManifestFile): boolean {
  return old?.piecesRoot === file.piecesRoot && old?.length === file.length && old.symlink === file.symlink;
}

/** Pieces of the target that lie on piece boundaries of old files. */
class HeldPieces {
  precision: ReleaseComparison['precision'] = 'exact';
  readonly #installed: DescribedRelease;
  readonly #target: DescribedRelease;
  readonly #pieceLengthBytes: number;
  #hashes: Set<string> | undefined;

  constructor(installed: DescribedRelease, target: DescribedRelease) {
    this.#installed = installed;
    this.#target = target;
    this.#pieceLengthBytes = target.manifest.torrent.pieceLength;
  }

  bytesOf(piecesRoot: string, lengthBytes: number): number {
    const layer = this.#target.layers.get(piecesRoot);
    if (layer === undefined) return 0;
    this.#hashes ??= this.#collect();
    let bytes = 0;
    for (const [piece, hash] of hashesIn(layer)) {
      const start = piece * this.#pieceLengthBytes;
      if (this.#hashes.has(hash)) bytes += Math.min(this.#pieceLengthBytes, lengthBytes - start);
    }
    return bytes;
  }

  #collect(): Set<string> {
    const hashes = new Set<string>();
    for (const { piecesRoot, length } of this.#installed.manifest.files) {
      if (piecesRoot === undefined || length <= this.#pieceLengthBytes) continue;
      const layer = this.#layerOf(piecesRoot);
      if (layer === undefined) this.precision = 'at_most';
      else for (const [, hash] of hashesIn(layer)) hashes.add(hash);
    }
    return hashes;
  }

  /** An old file's layer at the target's piece length; shorter pieces fold into longer ones. */
  #layerOf(piecesRoot: string): Uint8Array | undefined {
    const height = pieceHeight(this.#installed.manifest.torrent.pieceLength);
    const levels = pieceHeight(this.#pieceLengthBytes) - height;
    const layer = this.#installed.layers.get(piecesRoot);
    if (levels < 0 || layer === undefined) return this.#target.layers.get(piecesRoot);
    return foldLayer(layer, height, levels);
  }
}

function* hashesIn(layer: Uint8Array): Generator<[piece: number, hash: string]> {
  const bytes = Buffer.from(layer.buffer, layer.byteOffset, layer.byteLength);
  for (let start = 0; start < bytes.length; start += HASH_LENGTH_BYTES)
    yield [start / HASH_LENGTH_BYTES, bytes.toString('latin1', start, start + HASH_LENGTH_BYTES)];
}
