import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import type { ByteSource } from '@swarmpatch/delta';

import { closeFile, openFile, readAll } from './file-calls.ts';
import { explainRefusal } from './system-refusal.ts';

/** Files that are open at once. */
const OPEN_FILES_MAX = 64;
/** What is so long takes longer to read than to have another thread do it. */
const BYTES_ASIDE_MIN = 512 * 1024;

/**
 * Reads ranges of many files, keeping those open that were read last. Reads block: from the system's cache they are ten times
 * faster so than as promises, and a patch makes very many.
 */
export class FileReaders {
  /** The first is the one that was not used for longest. */
  readonly #handles = new Map<string, number>();
  #lastPath = '';
  #lastHandle = -1;

  /**
   * Fills the target with a file's bytes from an offset on.
   *
   * @throws What the system says, and `Error` where the file ends before.
   */
  readInto(absolutePath: string, offset: number, target: Uint8Array): void {
    try {
      readFully(this.#open(absolutePath), offset, target);
    } catch (error) {
      throw explainRefusal(`read ${JSON.stringify(absolutePath)}`, error);
    }
  }

  /** The same in the threads of Node's pool, for much at once. */
  async readAhead(absolutePath: string, offset: number, target: Uint8Array): Promise<void> {
    // Those that are open may be closed at any time.
    const handle = await openFile(absolutePath, 'r');
    await readAll(handle, offset, target).finally(() => closeFile(handle));
  }

  /** Exactly so many bytes. @throws As `readInto` does. */
  read(absolutePath: string, offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.readInto(absolutePath, offset, bytes);
    return bytes;
  }

  sourceOf(absolutePath: string, lengthBytes: number): ByteSource {
    return {
      length: lengthBytes,
      read: async (offset, length) => {
        if (length < BYTES_ASIDE_MIN) return this.read(absolutePath, offset, length);
        const bytes = new Uint8Array(length);
        await this.readAhead(absolutePath, offset, bytes);
        return bytes;
      },
    };
  }

  /** The length that a file has now. */
  lengthOf(absolutePath: string): number {
    return fstatSync(this.#open(absolutePath)).size;
  }

  close(): void {
    for (const handle of this.#handles.values()) closeSync(handle);
    this.#handles.clear();
    this.#lastPath = '';
  }

  #open(absolutePath: string): number {
    if (absolutePath === this.#lastPath) return this.#lastHandle;
    this.#lastHandle = this.#openOther(absolutePath);
    this.#lastPath = absolutePath;
    return this.#lastHandle;
  }

  #openOther(absolutePath: string): number {
    const open = this.#handles.get(absolutePath);
    if (open !== undefined) {
      this.#handles.delete(absolutePath);
      this.#handles.set(absolutePath, open);
      return open;
    }
    const [oldest] = this.#handles;
    if (oldest && this.#handles.size >= OPEN_FILES_MAX) {
      this.#handles.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    const handle = openSync(absolutePath, 'r');
    this.#handles.set(absolutePath, handle);
    return handle;
  }
}

/** Fills the target from an offset of an open file. @throws `Error` where the file ends before */
export function readFully(handle: number, offset: number, target: Uint8Array): void {
  for (let got = 0; got < target.length;) {
    const count = readSync(handle, target, got, target.length - got, offset + got);
    if (count === 0) throw new Error(`it ends at byte ${offset + got}, ${offset + target.length} are wanted`);
    got += count;
  }
}
