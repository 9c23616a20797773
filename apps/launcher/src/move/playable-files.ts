import { discardPlayable, type Inventory, makePlayable, type Staging } from '@swarmpatch/install';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { Manifest } from '@swarmpatch/release';

import type { FirstFiles } from '../play-first/first-files.ts';

/** The files of a release that come first, to be used before the release is committed. */
export class PlayableFiles {
  /** As in the manifest. */
  readonly paths: readonly string[];
  readonly #files: DiskFileSystem;
  readonly #indexes: readonly number[];

  /** @throws {LauncherError} `glob_unmatched` */
  constructor(files: DiskFileSystem, manifest: Manifest, firstFiles: FirstFiles | undefined) {
    this.#files = files;
    this.#indexes = firstFiles?.indexesAmong(manifest.files.map(({ path }) => path)) ?? [];
    this.paths = this.#indexes.map((fileIndex) => manifest.files[fileIndex]?.path ?? '');
    firstFiles?.expectAllMatched(manifest.name);
  }

  /** Indexes of the files whose content has to be here: one that repeats another's content is whole with that one. */
  stagedIn({ tasks }: Inventory): number[] {
    return this.#indexes.map((fileIndex) => {
      const task = tasks[fileIndex];
      return task?.kind === 'repeated' ? task.ofFile : fileIndex;
    });
  }

  /** @returns the directory where the files are under their own names. */
  async publish(staging: Staging): Promise<string> {
    return this.#files.absolute(await makePlayable(this.#files, staging, this.#indexes));
  }

  /** @returns where files are now that were written there meanwhile, relative to the install. */
  clear(): Promise<string | undefined> {
    return discardPlayable(this.#files);
  }
}
