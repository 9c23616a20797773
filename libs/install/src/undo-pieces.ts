import { makeParents } from './durable-write.ts';
import { errnoOf, parentOf, type FileSystem } from './file-system.ts';
import type { Inventory } from './inventory.ts';
import { InstallError } from './install-error.ts';
import type { Rewrite } from './journal.ts';
import { SPACE_PER_DIRECTORY_BYTES, SPACE_PER_FILE_BYTES } from './space.ts';
import { UNDO_BYTES_MAX, undoPath } from './undo.ts';

interface OldPieces {
  path: string;
  /** Hex, of the file as it is installed. */
  piecesRoot: string;
  lengthBytes: number;
  /** Pieces that are going to be written over, or cut off. */
  pieces: number[];
}

/**
 * Puts the pieces that rewriting takes away into the undo data, each at its place in a file with holes: what a move back finds of
 * the old file is there, and in the installed one. Comes before the journal, since the old pieces are only there until then.
 *
 * @param work `roomBytes` have to stay free.
 */
export async function keepOldPieces(
  files: FileSystem,
  atMs: number,
  work: { inventory: Inventory; rewrites: readonly Rewrite[]; roomBytes: number },
): Promise<void> {
  const { pieceLengthBytes } = work.inventory.target;
  let keptBytes = 0;
  for (const old of findOldPieces(work.inventory, work.rewrites)) {
    const bytes = old.pieces.length * pieceLengthBytes;
    const namesBytes = 2 * SPACE_PER_DIRECTORY_BYTES + SPACE_PER_FILE_BYTES;
    keptBytes += bytes;
    if (keptBytes > UNDO_BYTES_MAX || (await files.freeBytes()) < work.roomBytes + bytes + namesBytes) return;
    const to = undoPath(atMs, old.piecesRoot);
    try {
      await copyPieces(files, to, old, pieceLengthBytes);
    } catch (error) {
      // Without it the pieces are fetched again, should they be wanted.
      if (errnoOf(error) === undefined && !(error instanceof InstallError)) throw error;
      await files.remove(to).catch(() => false);
      return;
    }
  }
}

function* findOldPieces(
  { installed, target, scan, tasks }: Inventory,
  rewrites: readonly Rewrite[],
): Generator<OldPieces> {
  const installedRoots = new Map(installed?.files.map((file) => [file.path, file.piecesRoot]));
  const rewritten = new Set(rewrites.map(({ path }) => path));
  for (const [fileIndex, task] of tasks.entries()) {
    const path = target.manifest.files[fileIndex]?.path ?? '';
    const piecesRoot = installedRoots.get(path);
    if (task.kind !== 'fetched' || task.rewrite === undefined || !rewritten.has(path)) continue;
    if (piecesRoot === undefined || scan.roots.get(path) !== piecesRoot) continue;
    const { lengthBytes } = task.rewrite;
    const same = new Set(task.rewrite.same);
    const all = [...Array(target.piecesIn(lengthBytes)).keys()];
    yield { path, piecesRoot, lengthBytes, pieces: all.filter((piece) => !same.has(piece)) };
  }
}

async function copyPieces(
  files: FileSystem,
  to: string,
  { path, lengthBytes, pieces }: OldPieces,
  pieceLengthBytes: number,
): Promise<void> {
  await makeParents(files, to);
  await files.allocate(to, lengthBytes);
  for (const piece of pieces) {
    const offsetBytes = piece * pieceLengthBytes;
    const data = await files.read(path, {
      offsetBytes,
      lengthBytes: Math.min(pieceLengthBytes, lengthBytes - offsetBytes),
    });
    await files.writeAt(to, offsetBytes, data);
  }
  await files.sync([to]);
  await files.syncDirectories([parentOf(to)]);
}
