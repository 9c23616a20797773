import type { FileHasher, HashOptions } from './file-hasher.ts';
import type { FileStat, FileSystem } from './file-system.ts';
import type { FetchedTask, FileTask } from './file-task.ts';
import { stagedContentPath } from './layout.ts';
import { PieceSources, piecesThatMatch } from './piece-sources.ts';
import type { ReleasePieces } from './release-pieces.ts';
import { findRewriteBases, type RewriteSearch } from './rewrite-bases.ts';

export interface StagedPiecesInput extends Omit<HashOptions, 'pieceLengthBytes'> {
  files: FileSystem;
  hasher: FileHasher;
  target: ReleasePieces;
  /** Pieces of the installed release: where they are as long as the target's, its files need not be read to find some. */
  installedPieces?: ReleasePieces | undefined;
  /** Files beside those of the releases where pieces may be, too; they are read. None unless given. */
  further?: readonly string[] | undefined;
  /** Believe what is recorded of files, or read every one? */
  depth: 'quick' | 'deep';
  /** By file of the target, the pieces that an earlier run staged and that need not be read, as `quick` as the rest; undefined when it is not known. */
  stagedPieces?: ((fileIndex: number) => readonly number[] | undefined) | undefined;
}

/** Tells each file that is to be fetched which of its pieces are staged. */
export async function findStagedPieces(input: StagedPiecesInput, tasks: readonly FileTask[]): Promise<void> {
  const { files, target } = input;
  const wanted: { task: FetchedTask; fileIndex: number; path: string; lengthBytes: number }[] = [];
  for (const [fileIndex, task] of tasks.entries()) {
    const file = target.manifest.files[fileIndex];
    if (task.kind !== 'fetched' || file?.piecesRoot === undefined) continue;
    wanted.push({ task, fileIndex, path: stagedContentPath(file.piecesRoot), lengthBytes: file.length });
  }
  const stats = await files.statAll(wanted.map((entry) => entry.path));
  const there: ((typeof wanted)[number] & { stat: FileStat; mtimeMs: number })[] = [];
  for (const [index, entry] of wanted.entries()) {
    const stat = stats[index];
    if (stat?.kind !== 'file' || stat.lengthBytes !== entry.lengthBytes || stat.allocatedBytes === 0) continue;
    entry.task.allocatedBytes = stat.allocatedBytes;
    const known = input.depth === 'quick' ? input.stagedPieces?.(entry.fileIndex) : undefined;
    if (known !== undefined) entry.task.staged = [...known];
    else there.push({ ...entry, stat, mtimeMs: stat.mtimeMs });
  }
  const { pieceLengthBytes } = target;
  const found = await input.hasher.hash(there, {
    pieceLengthBytes,
    signal: input.signal,
    onProgress: input.onProgress,
  });
  for (const [index, entry] of there.entries()) {
    const hashes = found[index];
    if (hashes === undefined) continue;
    entry.task.staged = piecesThatMatch(target.hashesOf(entry.fileIndex), hashes);
    if (target.isRootOf(entry.fileIndex, hashes.piecesRoot)) entry.task.seenWhole = entry.stat;
  }
}

/**
 * Tells each file that is to be fetched which of the pieces that are not staged are in files on disk, and whether it can be
 * rewritten.
 */
export async function findHeldPieces(
  input: StagedPiecesInput,
  found: Omit<RewriteSearch, 'files' | 'target'>,
): Promise<void> {
  const { target } = input;
  const { scan, tasks } = found;
  const searching: { task: FetchedTask; fileIndex: number }[] = [];
  for (const [fileIndex, task] of tasks.entries()) {
    const isWanted = task.kind === 'fetched' && target.pieceCountOf(fileIndex) > 1;
    if (isWanted && task.staged.length < target.pieceCountOf(fileIndex)) searching.push({ task, fileIndex });
  }
  if (searching.length === 0) return;
  const sources = await PieceSources.collect(input, scan);
  for (const { task, fileIndex } of searching) {
    const staged = new Set(task.staged);
    for (let piece = 0; piece < target.pieceCountOf(fileIndex); piece += 1) {
      if (staged.has(piece)) continue;
      const source = sources.find(target.hashesOf(fileIndex), piece);
      if (source !== undefined) task.held.push({ pieceInFile: piece, ...source });
    }
  }
  const { inTheWay, shownEarly } = found;
  await findRewriteBases({ files: input.files, target, scan, tasks, inTheWay, shownEarly }, sources);
}
