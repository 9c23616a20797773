import { writev } from 'node:fs';
import { promisify } from 'node:util';

const writeBuffers = promisify(writev);

/** Buffers of one system call; Linux takes 1024. */
const BUFFERS_MAX = 64;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly offsetBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Opens a file for the time of the call. */
type OpenFile = (fileIndex: number, use: (descriptor: number) => Promise<void>) => Promise<void>;

/**
 * Writes each file with one call at a time: the system lets no two write the same file at once, and threads that wait for each
 * other are no use. What gathers for a file meanwhile goes out with as few calls as its places allow.
 */
export class FileWrites {
  readonly #open: OpenFile;
  /** Of the files that are being written now, what waits. */
  readonly #waiting = new Map<number, Waiting[]>();

  constructor(open: OpenFile) {
    this.#open = open;
  }

  async write(fileIndex: number, bytes: Uint8Array, offsetBytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(fileIndex);
      const mine = { bytes, offsetBytes, resolve, reject };
      if (waiting) waiting.push(mine);
      else void this.#writeAll(fileIndex, [mine]);
    });
  }

  async #writeAll(fileIndex: number, first: Waiting[]): Promise<void> {
    for (let batch = first; batch.length > 0;) {
      const next: Waiting[] = [];
      this.#waiting.set(fileIndex, next);
      batch.sort((a, b) => a.offsetBytes - b.offsetBytes);
      for (const run of runsOf(batch)) await this.#writeRun(fileIndex, run);
      batch = next;
    }
    this.#waiting.delete(fileIndex);
  }

  async #writeRun(fileIndex: number, run: readonly Waiting[]): Promise<void> {
    const buffers = run.map(({ bytes }) => bytes);
    try {
      await this.#open(fileIndex, (descriptor) => writeFully(descriptor, buffers, run[0]?.offsetBytes ?? 0));
      for (const { resolve } of run) resolve();
    } catch (error) {
      for (const { reject } of run) reject(error);
    }
  }
}

/** Cuts what is in order of place into runs without gaps. */
function runsOf(waiting: readonly Waiting[]): Waiting[][] {
  const runs: Waiting[][] = [];
  let run: Waiting[] = [];
  let endBytes = -1;
  for (const each of waiting) {
    if (each.offsetBytes !== endBytes || run.length >= BUFFERS_MAX) {
      run = [];
      runs.push(run);
    }
    run.push(each);
    endBytes = each.offsetBytes + each.bytes.length;
  }
  return runs;
}

async function writeFully(descriptor: number, buffers: Uint8Array[], offsetBytes: number): Promise<void> {
  let left = buffers;
  let at = offsetBytes;
  while (left.length > 0) {
    const { bytesWritten } = await writeBuffers(descriptor, left, at);
    at += bytesWritten;
    left = without(left, bytesWritten);
  }
}

/** What is left of buffers when so many of their bytes are gone. */
function without(buffers: readonly Uint8Array[], lengthBytes: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  let goneBytes = lengthBytes;
  for (const buffer of buffers) {
    if (goneBytes < buffer.length) left.push(buffer.subarray(goneBytes));
    goneBytes = Math.max(0, goneBytes - buffer.length);
  }
  return left;
}
