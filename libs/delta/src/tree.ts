import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import {
  findPathCollisions,
  findPathProblem,
  describePathProblem,
  inTorrentOrder,
  targetOfLink,
} from '@swarmpatch/metainfo';

import { DeltaError } from './delta-error.ts';
import { PATCH_FILE_COUNT_MAX, PATCH_TREE_BYTES_MAX } from './limits.ts';
import { lazyList, type List } from './list.ts';
import type { ByteSource } from './ports.ts';

/** A file or link of a release. */
export interface TreeFile {
  readonly path: string;
  /** 0 for links. */
  readonly lengthBytes: number;
  readonly executable: boolean;
  /** What a link says, relative to its own directory. */
  readonly symlink?: string | undefined;
  /** 32 bytes (BEP 52), where it is known. Empty files and links have none. */
  readonly piecesRoot?: Uint8Array | undefined;
}

/** A file whose content a patch may be made from or of: its root must be known unless it is empty or a link. */
export interface PatchFile extends TreeFile {
  readonly source: ByteSource;
}

/**
 * A release's files and links in torrent order, checked.
 *
 * @throws {DeltaError} `bad_tree`
 */
export function sortTree<T extends TreeFile>(files: readonly T[]): T[] {
  if (files.length > PATCH_FILE_COUNT_MAX) {
    throw badTree(`found ${files.length} files, at most ${PATCH_FILE_COUNT_MAX} are wanted`);
  }
  let totalBytes = 0;
  for (const file of files) {
    checkTreeFile(file);
    totalBytes += file.lengthBytes;
  }
  if (totalBytes > PATCH_TREE_BYTES_MAX) {
    throw badTree(`found ${totalBytes} bytes, at most ${PATCH_TREE_BYTES_MAX} are wanted`);
  }
  const sorted = inTorrentOrder(files);
  refuseCollisions(sorted);
  return sorted;
}

/** @param files In torrent order. @throws {DeltaError} `bad_tree` */
export function refuseCollisions(files: List<TreeFile>): void {
  const [collision] = findPathCollisions(
    lazyList(files.length, (index) => files.at(index)?.path ?? ''),
    1,
  );
  if (!collision) return;
  throw badTree(
    `${JSON.stringify(collision.path)} and ${JSON.stringify(collision.with)} are one file on some systems`,
    collision.path,
  );
}

/** @throws {DeltaError} `bad_tree` */
export function checkTreeFile({ path, lengthBytes, symlink, piecesRoot }: TreeFile): void {
  const problem = findPathProblem(path);
  if (problem) throw badTree(`the path ${JSON.stringify(path)} ${describePathProblem(problem)}`, path);
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0) {
    throw badTree(`${JSON.stringify(path)} has ${lengthBytes} bytes`, path);
  }
  if (piecesRoot !== undefined && piecesRoot.length !== 32) {
    throw badTree(`the pieces root of ${JSON.stringify(path)} has ${piecesRoot.length} bytes, 32 are wanted`, path);
  }
  if (symlink === undefined) return;
  const target = targetOfLink(path, symlink);
  if (lengthBytes !== 0 || target === undefined || findPathProblem(target)) {
    throw badTree(`the link ${JSON.stringify(path)} to ${JSON.stringify(symlink)} does not stay inside`, path);
  }
}

function badTree(found: string, path?: string): DeltaError {
  return new DeltaError('bad_tree', `list a release: ${found}`, path === undefined ? {} : { path });
}

/**
 * SHA-256 over a tree's paths, kinds, lengths and link texts: whether a tree has the shape that a patch begins at.
 *
 * @param files In torrent order.
 */
export function shapeDigest(files: Iterable<TreeFile>): Uint8Array {
  return digestOf(files, () => undefined);
}

/**
 * SHA-256 over a tree's paths, kinds, lengths, link texts and pieces roots: whether a tree is what a patch makes.
 *
 * @param files In torrent order.
 * @param rootOf 32 bytes for each file that is not empty.
 */
export function contentDigest(
  files: Iterable<TreeFile>,
  rootOf: (file: TreeFile, index: number) => Uint8Array | undefined,
): Uint8Array {
  return digestOf(files, rootOf);
}

function digestOf(
  files: Iterable<TreeFile>,
  rootOf: (file: TreeFile, index: number) => Uint8Array | undefined,
): Uint8Array {
  const hash = createHash('sha256');
  let index = 0;
  for (const file of files) {
    const kind = file.symlink === undefined ? 'f' : 'l';
    hash.update(`${kind}${file.path}\0${file.symlink ?? file.lengthBytes}\0`);
    const root = file.symlink === undefined && file.lengthBytes > 0 ? rootOf(file, index) : undefined;
    if (root) hash.update(root);
    index += 1;
  }
  return new Uint8Array(Buffer.from(hash.digest()));
}
