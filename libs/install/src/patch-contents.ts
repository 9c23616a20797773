import type { Manifest, ManifestFile } from '@swarmpatch/release';
import { makeParents, removeTree } from './durable-write.ts';
import type { FileSystem } from './file-system.ts';
import type { Inventory } from './inventory.ts';
import { linkContentPath, STAGED_LINKS_DIRECTORY, stagedContentPath } from './layout.ts';
import { inSpace } from './space.ts';

/** What one patch reads and makes. Paths given out are relative to the install. */
export interface PatchFiles {
  /** Where the content of a file of the older release is; undefined when no file here has it. */
  find(path: string): string | undefined;
  /**
   * Makes room for a file of the newer release.
   *
   * @returns where to write it; undefined when that release has no such file of that length.
   * @throws {InstallError} `disk_full`
   */
  make(path: string, lengthBytes: number): Promise<string | undefined>;
}

/**
 * Where the content is that patches read, and where what they make goes: old content is read where it lies in the install, new
 * content is written into the staging, and that of a release on the way is kept just for the next patch of the chain.
 *
 * All is by pieces root, so a file that the player moved is found, and one that was changed is not. What a patch made is believed by
 * the next patch alone: the staging checks it like anything else that came from elsewhere.
 */
export class PatchContents {
  readonly #files: FileSystem;
  /** Of the target, what is not on disk yet. */
  readonly #wanted = new Set<string>();
  readonly #paths = new Map<string, string>();

  private constructor(files: FileSystem, { tasks, target, scan }: Inventory) {
    this.#files = files;
    for (const [path, root] of scan.roots) this.#paths.set(root, path);
    for (const [fileIndex, task] of tasks.entries()) {
      const root = target.manifest.files[fileIndex]?.piecesRoot;
      if (task.kind === 'fetched' && root !== undefined) this.#wanted.add(root);
    }
  }

  static async open(files: FileSystem, inventory: Inventory): Promise<PatchContents> {
    await removeTree(files, STAGED_LINKS_DIRECTORY);
    return new PatchContents(files, inventory);
  }

  /** The files of a patch from one signed release to another. */
  between(from: Manifest, to: Manifest): PatchFiles {
    const [fromFiles, toFiles] = [byPath(from), byPath(to)];
    return {
      find: (path) => this.#paths.get(fromFiles.get(path)?.piecesRoot ?? ''),
      make: async (path, lengthBytes) => {
        const file = toFiles.get(path);
        if (file?.piecesRoot === undefined || file.length !== lengthBytes) return undefined;
        return this.#make(file.piecesRoot, lengthBytes);
      },
    };
  }

  /** No further patch is applied. */
  async close(): Promise<void> {
    await removeTree(this.#files, STAGED_LINKS_DIRECTORY);
  }

  async #make(piecesRoot: string, lengthBytes: number): Promise<string> {
    const location = this.#wanted.has(piecesRoot) ? stagedContentPath(piecesRoot) : linkContentPath(piecesRoot);
    await inSpace('apply a patch', async () => {
      await makeParents(this.#files, location);
      await this.#files.allocate(location, lengthBytes);
    });
    // What was seen on disk is as signed; what a patch makes may not be.
    if (!this.#paths.has(piecesRoot)) this.#paths.set(piecesRoot, location);
    return location;
  }
}

function byPath({ files }: Manifest): Map<string, ManifestFile> {
  return new Map(files.map((file) => [file.path, file]));
}
