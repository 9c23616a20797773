import type { Manifest, ManifestFile } from '@swarmpatch/release';
import { makeParents, removeTree } from './durable-write.ts';
import type { FileSystem } from './file-system.ts';
import type { Inventory } from './inventory.ts';
import { linkContentPath, STAGED_LINKS_DIRECTORY, stagedContentPath } from './layout.ts';

/** What one patch reads and makes. Paths given out are relative to the install. */
export interface PatchFiles {
  /** Where the content of a file of the older release is; undefined when no file here has it. */
  find(file: ManifestFile): string | undefined;
  /** Where the content of a file of the newer release goes, in a directory that is there. */
  place(file: ManifestFile & { piecesRoot: string }): string;
  /** It was written there, and is as signed. */
  made(path: string): void;
}

/**
 * Where the content is that patches read, and where what they make goes: old content is read where it lies in the install, new
 * content is written into the staging, and that of a release on the way is kept just for the next patch of the chain.
 *
 * All is by pieces root, so a file that the player moved is found, and one that was changed is not.
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

  /** @param start A release that is staged for the first patch to begin with, where it is not the installed one. */
  static async open(files: FileSystem, inventory: Inventory, start?: Manifest): Promise<PatchContents> {
    await removeTree(files, STAGED_LINKS_DIRECTORY);
    for (const pathIn of [stagedContentPath, linkContentPath]) await makeParents(files, pathIn(''));
    const contents = new PatchContents(files, inventory);
    for (const { piecesRoot } of start?.files ?? []) {
      if (piecesRoot === undefined || contents.#paths.has(piecesRoot)) continue;
      contents.#paths.set(piecesRoot, stagedContentPath(piecesRoot));
    }
    return contents;
  }

  /** Content of releases on the way, which is here until the staging is open or this is closed. */
  get linkPaths(): string[] {
    return [...this.#paths.values()].filter((path) => path.startsWith(`${STAGED_LINKS_DIRECTORY}/`));
  }

  /** The files of a patch to a signed release. */
  to(newer: Manifest): PatchFiles {
    const files = new Map(newer.files.map((file) => [file.path, file]));
    return {
      find: ({ piecesRoot }) => (piecesRoot === undefined ? undefined : this.#paths.get(piecesRoot)),
      place: ({ piecesRoot }) => this.#placeOf(piecesRoot),
      made: (path) => {
        const root = files.get(path)?.piecesRoot;
        if (root !== undefined && !this.#paths.has(root)) this.#paths.set(root, this.#placeOf(root));
      },
    };
  }

  /** No further patch is applied, and nothing is wanted of releases on the way. */
  async close(): Promise<void> {
    await removeTree(this.#files, STAGED_LINKS_DIRECTORY);
  }

  #placeOf(piecesRoot: string): string {
    return this.#wanted.has(piecesRoot) ? stagedContentPath(piecesRoot) : linkContentPath(piecesRoot);
  }
}
