import type { Manifest, ManifestFile } from '@swarmpatch/release';
import type { FileHasher, FileHashes, FileToHash } from './file-hasher.ts';
import type { FileIndex } from './file-index.ts';
import type { FileSystem } from './file-system.ts';
import { scanPaths, type PathScan } from './path-scan.ts';
import { piecesThatMatch } from './piece-sources.ts';
import type { ReleasePieces } from './release-pieces.ts';
import { listFiles } from './tree-listing.ts';

export interface Verification {
  /** Files that are there but not as signed; no pieces when the content is right and only the kind of file or its mode is not. */
  damaged: { path: string; pieces: number[] }[];
  missing: string[];
  /** Files that the release does not own. They are the player's, and no fault. */
  extra: string[];
}

export interface VerificationInput {
  files: FileSystem;
  hasher: FileHasher;
  index: FileIndex;
  manifest: Manifest;
  /** Asked for where there is damage: reading the torrent of many files takes as long as all else. */
  pieces: () => ReleasePieces;
  /** `quick` reads just the files whose length or time of change is not as recorded. */
  depth: 'quick' | 'deep';
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** Compares an install with its signed release; changes nothing. `pieces` are counted from the beginning of their file. */
export async function verifyInstall(input: VerificationInput): Promise<Verification> {
  const { files, manifest, pieces } = input;
  const pieceLengthBytes = manifest.torrent.pieceLength;
  const scan = await scanPaths({ ...input, installed: manifest, target: { manifest, pieceLengthBytes } });
  const found: Verification = { damaged: [], missing: [], extra: await listExtra(files, manifest) };
  const layerless: (FileToHash & { fileIndex: number })[] = [];
  for (const [fileIndex, file] of manifest.files.entries()) {
    const kind = scan.kindOf(file.path);
    if (kind === undefined) found.missing.push(file.path);
    else if (scan.holds(file)) {
      if (scan.executableIsWrong(file)) found.damaged.push({ path: file.path, pieces: [] });
    } else if (kind !== 'file' || file.piecesRoot === undefined) {
      found.damaged.push({ path: file.path, pieces: [] });
    } else {
      const layer = layerOf(scan, file);
      if (layer !== undefined) found.damaged.push({ path: file.path, pieces: wrongPieces(pieces(), fileIndex, layer) });
      else {
        const { lengthBytes = 0, mtimeMs = 0 } = scan.statOf(file.path) ?? {};
        layerless.push({ path: file.path, lengthBytes, mtimeMs, fileIndex });
      }
    }
  }
  const hashed = await input.hasher.hash(layerless, {
    pieceLengthBytes,
    signal: input.signal,
    onProgress: input.onProgress,
  });
  for (const [index, { path, fileIndex }] of layerless.entries()) {
    found.damaged.push({ path, pieces: wrongPieces(pieces(), fileIndex, hashed[index]) });
  }
  found.damaged.sort((a, b) => (a.path < b.path ? -1 : 1));
  return found;
}

/** The hashes of a damaged file as the scan read them; a file known by its index entry has none here. */
function layerOf(scan: PathScan, file: ManifestFile): FileHashes | undefined {
  const root = scan.roots.get(file.path);
  const pieceLayer = root === undefined ? undefined : scan.layers.get(root);
  return root === undefined || pieceLayer === undefined
    ? undefined
    : { piecesRoot: Buffer.from(root, 'hex'), pieceLayer };
}

function wrongPieces(target: ReleasePieces, fileIndex: number, found: FileHashes | undefined): number[] {
  const right = new Set(found === undefined ? [] : piecesThatMatch(target.hashesOf(fileIndex), found));
  return Array.from({ length: target.pieceCountOf(fileIndex) }, (_, piece) => piece).filter(
    (piece) => !right.has(piece),
  );
}

async function listExtra(files: FileSystem, manifest: Manifest): Promise<string[]> {
  const owned = new Set(manifest.files.map((file) => file.path));
  return (await listFiles(files, '')).filter((path) => !owned.has(path));
}
