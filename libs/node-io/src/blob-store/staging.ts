import { mkdirSync, renameSync } from 'node:fs';
import { type BlobRoot, StorageError } from '@swarmpatch/storage';
import type { BlobPaths } from './blob-paths.ts';
import { syncPaths } from './durability.ts';
import { eachInSlices } from './parallel.ts';
import { toStorageError } from './storage-failure.ts';

/**
 * Blobs that are whole but not durable yet: checked, complete, in `partial/`.
 *
 * A flush syncs their content, then renames them to their shelves, then syncs the shelves: at no moment is there a file on
 * a shelf whose content could be lost. One flush runs at a time; one that waits takes in all that came meanwhile.
 */
export class Staging {
  readonly #paths: BlobPaths;
  readonly #staged = new Map<BlobRoot, number>();
  /** Ends when everything that was asked for so far has; never rejects. */
  #tail: Promise<void> = Promise.resolve();
  #waitingFlush: Promise<void> | undefined;
  #failure: StorageError | undefined;

  constructor(paths: BlobPaths) {
    this.#paths = paths;
  }

  add(root: BlobRoot, lengthBytes: number): void {
    this.#staged.set(root, lengthBytes);
  }

  lengthOf(root: BlobRoot): number | undefined {
    return this.#staged.get(root);
  }

  /** @throws {StorageError} once a flush has failed: what the disk kept is not known any more. */
  checkUsable(): void {
    if (this.#failure === undefined) return;
    const found = `an earlier flush failed (${this.#failure.message}); check the disk and start again`;
    throw new StorageError('storage_failed', `write to the blob store: ${found}`, { cause: this.#failure });
  }

  flush(): Promise<void> {
    this.#waitingFlush ??= this.apart(() => {
      this.#waitingFlush = undefined;
      return this.#flush();
    });
    return this.#waitingFlush;
  }

  /** Runs `task` while no flush and no other such task does, in the order of the calls. */
  apart<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  drop(root: BlobRoot): void {
    this.#staged.delete(root);
  }

  async #flush(): Promise<void> {
    this.checkUsable();
    const roots = [...this.#staged.keys()];
    if (roots.length === 0) return;
    try {
      await syncPaths(
        roots.map((root) => this.#paths.partial(root)),
        this.#paths.directory,
      );
      await this.#shelve(roots);
    } catch (error) {
      this.#failure = toStorageError(error, 'flush the blob store');
      throw this.#failure;
    }
    for (const root of roots) this.#staged.delete(root);
  }

  async #shelve(roots: readonly BlobRoot[]): Promise<void> {
    const shelves = new Set(roots.map((root) => this.#paths.shelf(root)));
    await eachInSlices(shelves, (shelf) => {
      mkdirSync(shelf, { recursive: true });
    });
    await eachInSlices(roots, (root) => {
      renameSync(this.#paths.partial(root), this.#paths.durable(root));
    });
    await syncPaths([...shelves, this.#paths.directory], this.#paths.directory);
  }
}
