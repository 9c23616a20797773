import { chmodSync, closeSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { syncPaths } from '../blob-store/durability.ts';
import { readFully } from './file-readers.ts';

const EXECUTABLE_MODE = 0o755;
const FILE_MODE = 0o644;

/** Where a file of a release goes. */
export interface TreePlace {
  readonly path: string;
  readonly lengthBytes: number;
  readonly executable: boolean;
}

/**
 * Writes a fresh tree, each file from its beginning to its end. Calls block: with many small files that is what takes the
 * least time.
 */
export class TreeWriter {
  readonly root: string;
  /** As their paths in the release: there may be very many. */
  readonly #files: string[] = [];
  readonly #directories = new Set<string>();
  #open: { readonly path: string; readonly handle: number } | undefined;

  /** @param root A directory that is there, and empty. */
  constructor(root: string) {
    this.root = root;
    this.#directories.add(root);
  }

  absolute(path: string): string {
    return join(this.root, ...path.split('/'));
  }

  /** The next bytes of a file. */
  write(file: TreePlace, offset: number, bytes: Uint8Array): void {
    const handle = this.#handleOf(file, offset);
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at, bytes.length - at, offset + at);
    if (offset + bytes.length === file.lengthBytes) this.#close();
  }

  /** An empty file; what has bytes is made by `write`. */
  makeEmpty(file: TreePlace): void {
    this.#handleOf(file, 0);
    this.#close();
  }

  link(path: string, text: string): void {
    const absolutePath = this.absolute(path);
    this.#makeDirectory(dirname(absolutePath));
    symlinkSync(text, absolutePath);
  }

  /** Fills the target with bytes of a file that may still be open for writing. */
  readInto(file: TreePlace, offset: number, target: Uint8Array): void {
    const handle = openSync(this.absolute(file.path), 'r');
    try {
      readFully(handle, offset, target);
    } finally {
      closeSync(handle);
    }
  }

  /** Makes all that was made survive a power cut. */
  async sync(): Promise<void> {
    await syncPaths(this.#files, this.root, (path) => this.absolute(path));
    await syncPaths([...this.#directories], this.root);
  }

  close(): void {
    this.#close();
  }

  #handleOf(file: TreePlace, offset: number): number {
    if (this.#open?.path === file.path) return this.#open.handle;
    this.#close();
    const absolutePath = this.absolute(file.path);
    if (offset === 0) {
      this.#makeDirectory(dirname(absolutePath));
      this.#files.push(file.path);
    }
    const handle = openSync(absolutePath, offset === 0 ? 'wx' : 'r+', FILE_MODE);
    this.#open = { path: file.path, handle };
    if (offset === 0 && file.executable) chmodSync(absolutePath, EXECUTABLE_MODE);
    return handle;
  }

  #makeDirectory(directory: string): void {
    if (this.#directories.has(directory)) return;
    this.#makeDirectory(dirname(directory));
    mkdirSync(directory, { recursive: true });
    this.#directories.add(directory);
  }

  #close(): void {
    if (this.#open) closeSync(this.#open.handle);
    this.#open = undefined;
  }
}
