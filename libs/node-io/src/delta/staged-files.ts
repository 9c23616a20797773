import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';

const FILE_MODE = 0o644;
/** What was staged there before stays until it is written over. */
const WRITE_FLAGS = constants.O_RDWR | constants.O_CREAT;

/** Writes staged files, each from its beginning to its end, one after the other. Calls block, as those of `FileReaders` do. */
export class StagedFiles {
  #open: { readonly absolutePath: string; readonly handle: number } | undefined;

  /** A file has its whole length from its first byte on: of one that is not finished, what is there can be told by its pieces. */
  write(absolutePath: string, lengthBytes: number, offset: number, bytes: Uint8Array): void {
    const handle = this.#handleOf(absolutePath, lengthBytes);
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at, bytes.length - at, offset + at);
  }

  close(): void {
    if (this.#open) closeSync(this.#open.handle);
    this.#open = undefined;
  }

  #handleOf(absolutePath: string, lengthBytes: number): number {
    if (this.#open?.absolutePath === absolutePath) return this.#open.handle;
    this.close();
    const handle = openSync(absolutePath, WRITE_FLAGS, FILE_MODE);
    this.#open = { absolutePath, handle };
    ftruncateSync(handle, lengthBytes);
    return handle;
  }
}
