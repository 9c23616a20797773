import { lstatSync } from 'node:fs';
import type { FileStat } from '@swarmpatch/install';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { Manifest } from '@swarmpatch/release';

/** Where nothing is: what is asked of it fails to open. */
const NOWHERE = '';

/** The files of an install as they were when they were found whole; one that changes is not served any more. */
export class ServedFiles {
  readonly #files: DiskFileSystem;
  readonly #manifest: Manifest;
  readonly #seen: readonly (FileStat | undefined)[];

  private constructor(files: DiskFileSystem, manifest: Manifest, seen: readonly (FileStat | undefined)[]) {
    this.#files = files;
    this.#manifest = manifest;
    this.#seen = seen;
  }

  static async open(files: DiskFileSystem, manifest: Manifest): Promise<ServedFiles> {
    return new ServedFiles(files, manifest, await files.statAll(manifest.files.map((file) => file.path)));
  }

  /** Whether a file is there that was not, is gone, or has another length or time of change. */
  async haveChanged(): Promise<boolean> {
    const now = await this.#files.statAll(this.#manifest.files.map((file) => file.path));
    return now.some((stat, fileIndex) => {
      const seen = this.#seen[fileIndex];
      return stat?.lengthBytes !== seen?.lengthBytes || stat?.mtimeMs !== seen?.mtimeMs;
    });
  }

  /** The file's absolute path, or none once its length or time of change is another. */
  pathOf(fileIndex: number): string {
    const path = this.#manifest.files[fileIndex]?.path ?? NOWHERE;
    const absolutePath = this.#files.absolute(path);
    const stats = lstatSync(absolutePath, { throwIfNoEntry: false });
    const seen = this.#seen[fileIndex];
    const isUnchanged =
      stats !== undefined && seen !== undefined && stats.size === seen.lengthBytes && stats.mtimeMs === seen.mtimeMs;
    return isUnchanged ? absolutePath : NOWHERE;
  }
}
