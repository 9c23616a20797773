import { comparePaths } from '@swarmpatch/metainfo';

import { DeltaError } from './delta-error.ts';
import { PATCH_FILE_COUNT_MAX } from './limits.ts';
import type { List } from './list.ts';
import { PathTable } from './path-table.ts';
import { checkTreeFile, type TreeFile } from './tree.ts';

const ROOT_BYTES = 32;

/** A tree in columns: of very many files, objects would take several times the memory. */
export class FileTable implements List<TreeFile> {
  readonly #paths = new PathTable();
  readonly #links = new Map<number, string>();
  #lengths: Float64Array = new Float64Array(64);
  #areExecutable: Uint8Array = new Uint8Array(64);
  /** Empty until a root is given; zeros for those that are not. */
  #roots: Uint8Array = new Uint8Array(0);
  #pathBefore = '';

  get length(): number {
    return this.#paths.length;
  }

  /** Adds the next file in torrent order. @throws {DeltaError} `bad_tree` */
  add(file: TreeFile): void {
    const { path, lengthBytes, executable, symlink, piecesRoot } = file;
    checkTreeFile(file);
    const index = this.length;
    if (index === PATCH_FILE_COUNT_MAX) {
      throw new DeltaError('bad_tree', `list a release: found more than ${PATCH_FILE_COUNT_MAX} files`);
    }
    if (index > 0 && comparePaths(this.#pathBefore, path) >= 0) {
      throw new DeltaError('bad_tree', `list a release: found ${JSON.stringify(path)} out of order`, { path });
    }
    this.#pathBefore = path;
    if (index === this.#lengths.length) this.#grow();
    this.#lengths[index] = lengthBytes;
    this.#areExecutable[index] = executable ? 1 : 0;
    if (symlink !== undefined) this.#links.set(index, symlink);
    if (piecesRoot) {
      if (this.#roots.length === 0) this.#roots = new Uint8Array(this.#lengths.length * ROOT_BYTES);
      this.#roots.set(piecesRoot, index * ROOT_BYTES);
    }
    this.#paths.add(path);
  }

  at(index: number): TreeFile | undefined {
    if (index >= this.length) return undefined;
    const root = this.#roots.subarray(index * ROOT_BYTES, (index + 1) * ROOT_BYTES);
    return {
      path: this.#paths.at(index),
      lengthBytes: this.#lengths[index] ?? 0,
      executable: this.#areExecutable[index] === 1,
      symlink: this.#links.get(index),
      piecesRoot: root.some((byte) => byte !== 0) ? root : undefined,
    };
  }

  *[Symbol.iterator](): Generator<TreeFile> {
    for (let index = 0; index < this.length; index += 1) {
      const file = this.at(index);
      if (file) yield file;
    }
  }

  #grow(): void {
    const room = 2 * this.#lengths.length;
    this.#lengths = grown(this.#lengths, new Float64Array(room));
    this.#areExecutable = grown(this.#areExecutable, new Uint8Array(room));
    if (this.#roots.length > 0) this.#roots = grown(this.#roots, new Uint8Array(room * ROOT_BYTES));
  }
}

function grown<T extends Float64Array | Uint8Array>(column: T, room: T): T {
  room.set(column);
  return room;
}
