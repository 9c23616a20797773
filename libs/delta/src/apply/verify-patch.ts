import { MerkleHasher } from '@swarmpatch/merkle';

import { DeltaError } from '../delta-error.ts';
import type { Patch } from '../format/open-patch.ts';
import { resolveTrees, type NewFile, type PatchTrees } from '../new-tree.ts';
import { sameBytes } from '../same-bytes.ts';
import { sortTree, type PatchFile, type TreeFile } from '../tree.ts';
import { applyPatch } from './apply-patch.ts';
import type { ApplyOptions, FailedFile } from './ports.ts';

const READ_BYTES = 1024 * 1024;

export interface VerifyOptions extends Pick<ApplyOptions, 'onProgress' | 'signal'> {
  /** The releases that the patch was made from, with the roots that were signed. */
  readonly old: readonly PatchFile[];
  readonly new: readonly PatchFile[];
}

/**
 * Checks that applying a patch makes the new release, by applying it: what comes out is hashed, compared with the roots and
 * forgotten. So are the old files that it reads, for a patch of spoilt ones would come out right nowhere but here. Where it is made of new bytes, those of the release are read in place of it; were they others, a root would differ.
 *
 * @throws {DeltaError} `files_failed`, `wrong_new_tree`, `wrong_old_tree`, `bad_patch`
 */
export async function verifyPatch(patch: Patch, options: VerifyOptions): Promise<void> {
  const { onProgress, signal } = options;
  const wanted = sortTree(options.new);
  const trees = resolveTrees(patch, options.old);
  const expectedRoots = new Map(
    wanted.flatMap(({ path, piecesRoot }) => (piecesRoot === undefined ? [] : [[path, piecesRoot] as const])),
  );
  const readOld = readerOf(options.old);
  for (const source of trees.sources) await refuseSpoilt(source, readOld, signal);
  const roots: Uint8Array[] = [];
  const failed = await applyPatch(
    patch,
    trees,
    {
      readOld,
      readNew: readerOf(wanted),
      write: () => undefined,
      finish: (result) => {
        if (result.status === 'done') roots.push(result.piecesRoot);
      },
    },
    { expectedRoots, onProgress, signal },
  );
  refuseFailed(failed, trees.written.length);
  refuseOther(trees, roots, wanted);
}

type ReadFile = (file: TreeFile, offset: number, target: Uint8Array) => Promise<void>;

function readerOf(files: readonly PatchFile[]): ReadFile {
  const sources = new Map(files.map(({ path, source }) => [path, source]));
  return async ({ path }, offset, target) => {
    const bytes = await sources.get(path)?.read(offset, target.length);
    if (!bytes) throw new Error('the release does not have it');
    target.set(bytes);
  };
}

async function refuseSpoilt(file: TreeFile, read: ReadFile, signal: AbortSignal | undefined): Promise<void> {
  const { path, lengthBytes, piecesRoot } = file;
  const hasher = new MerkleHasher();
  const buffer = new Uint8Array(Math.min(READ_BYTES, lengthBytes));
  for (let at = 0; at < lengthBytes; at += READ_BYTES) {
    signal?.throwIfAborted();
    const bytes = buffer.subarray(0, Math.min(READ_BYTES, lengthBytes - at));
    await read(file, at, bytes);
    hasher.update(bytes);
  }
  if (piecesRoot && sameBytes(hasher.digest().piecesRoot, piecesRoot)) return;
  throw new DeltaError(
    'wrong_old_tree',
    `check a patch: the old file ${JSON.stringify(path)} is not as it was released; restore it and make the patch anew`,
    { path },
  );
}

function refuseFailed(failed: readonly FailedFile[], count: number): void {
  const [first] = failed;
  if (!first) return;
  const { path } = first.file;
  throw new DeltaError(
    'files_failed',
    `check a patch: ${failed.length} of ${count} files do not come out as they were released; ` +
      `${JSON.stringify(path)}: ${first.failure.message} (${first.failure.code})`,
    { path },
  );
}

/** Also what is kept, moved or copied must be the release. */
function refuseOther(trees: PatchTrees, roots: readonly Uint8Array[], wanted: readonly TreeFile[]): void {
  const rootOf = ({ origin }: NewFile): Uint8Array | undefined => {
    if (origin.kind === 'link') return undefined;
    if (origin.kind === 'kept' || origin.kind === 'moved') return origin.old.piecesRoot;
    return roots[origin.index];
  };
  for (let index = 0; index < trees.files.length; index += 1) {
    const [file, released] = [trees.files.at(index), wanted[index]];
    if (!file) continue;
    if (released && isSame(file, rootOf(file), released)) continue;
    throw otherTree(file.path);
  }
  const [missing] = wanted.slice(trees.files.length);
  if (missing) throw otherTree(missing.path);
}

function isSame(file: NewFile, root: Uint8Array | undefined, released: TreeFile): boolean {
  if (file.path !== released.path || file.symlink !== released.symlink) return false;
  if (file.symlink !== undefined) return true;
  if (file.lengthBytes !== released.lengthBytes || file.executable !== released.executable) return false;
  return file.lengthBytes === 0 || (!!root && !!released.piecesRoot && sameBytes(root, released.piecesRoot));
}

function otherTree(path: string): DeltaError {
  return new DeltaError(
    'wrong_new_tree',
    `check a patch: ${JSON.stringify(path)} does not come out as it was released; make the patch anew`,
    { path },
  );
}
