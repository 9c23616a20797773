import { closeSync, writeSync } from 'node:fs';

import { closeFile, writeAll } from './file-calls.ts';
import { Turns } from './turns.ts';

/** Node's pool has fewer threads; what waits for one has its file open. */
const WRITES_AT_ONCE = 16;
const BYTES_AT_ONCE_MAX = 64 * 1024;

/** A file that comes in parts. */
interface Output {
  readonly opening: Promise<number>;
  leftBytes: number;
}

/** Writes files, each from its beginning to its end; several at once, in the threads of Node's pool. */
export class OutputFiles {
  readonly #turns: Turns = new Turns(WRITES_AT_ONCE);
  readonly #outputs = new Map<string, Output>();

  /**
   * Writes the next bytes of a file. They must stay as they are until this settles; meanwhile it may be called for what follows.
   *
   * @param file.open Is called once, for the file's first bytes.
   */
  write(
    file: { readonly path: string; readonly lengthBytes: number; readonly open: () => Promise<number> },
    offset: number,
    bytes: Uint8Array,
  ): Promise<void> {
    return this.#turns.run(async () => {
      if (bytes.length === file.lengthBytes) {
        await writeWhole(await file.open(), bytes);
        return;
      }
      const output = this.#outputs.get(file.path) ?? { opening: file.open(), leftBytes: file.lengthBytes };
      this.#outputs.set(file.path, output);
      const handle = await output.opening;
      await writeAll(handle, offset, bytes);
      output.leftBytes -= bytes.length;
      if (output.leftBytes > 0) return;
      this.#outputs.delete(file.path);
      await closeFile(handle);
    });
  }

  /** Closes what is not written to its end. Nothing may be being written. */
  async close(): Promise<void> {
    const outputs = [...this.#outputs.values()];
    this.#outputs.clear();
    for (const { opening } of outputs) await opening.then(closeFile, () => undefined);
  }
}

/** What is short is written at once: it takes less time than another thread does to begin. */
async function writeWhole(handle: number, bytes: Uint8Array): Promise<void> {
  if (bytes.length > BYTES_AT_ONCE_MAX) {
    await writeAll(handle, 0, bytes).finally(() => closeFile(handle));
    return;
  }
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
  } finally {
    closeSync(handle);
  }
}
