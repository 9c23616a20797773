import { discardPlayable, type Inventory, makePlayable, type Staging } from '@swarmpatch/install';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { Manifest } from '@swarmpatch/release';

/** The files of a release that come first, to be used before the release is committed. */
export class PlayableFiles {
  /** As in the manifest. */
  readonly paths: readonly string[];
  readonly #files: DiskFileSystem;
  readonly #indexes: readonly number[];
  readonly #wasAsked: boolean;

  /** @param comesFirst Undefined when no file does. */
  constructor(files: DiskFileSystem, manifest: Manifest, comesFirst: ((path: string) => boolean) | undefined) {
    const first = [...manifest.files.entries()].filter(([, file]) => comesFirst?.(file.path) === true);
    this.#files = files;
    this.#wasAsked = comesFirst !== undefined;
    this.#indexes = first.map(([fileIndex]) => fileIndex);
    this.paths = first.map(([, file]) => file.path);
  }

  /** Files were asked for, and the release has none of them. */
  get isEmpty(): boolean {
    return this.#wasAsked && this.paths.length === 0;
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

  async clear(): Promise<void> {
    await discardPlayable(this.#files);
  }
}
