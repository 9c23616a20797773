import { constants } from 'node:fs';

import { closeFile, openFile, setLength } from './file-calls.ts';
import { OutputFiles } from './output-files.ts';

const FILE_MODE = 0o644;
/** What was staged there before stays until it is written over. */
const WRITE_FLAGS = constants.O_RDWR | constants.O_CREAT;

/** Writes staged files, each from its beginning to its end; several at once. */
export class StagedFiles {
  readonly #outputs: OutputFiles = new OutputFiles();

  /** A file has its whole length from its first byte on: of one that is not finished, what is there can be told by its pieces. */
  write(absolutePath: string, lengthBytes: number, offset: number, bytes: Uint8Array): Promise<void> {
    const open = (): Promise<number> => openWithLength(absolutePath, lengthBytes);
    return this.#outputs.write({ path: absolutePath, lengthBytes, open }, offset, bytes);
  }

  async close(): Promise<void> {
    await this.#outputs.close();
  }
}

async function openWithLength(absolutePath: string, lengthBytes: number): Promise<number> {
  const handle = await openFile(absolutePath, WRITE_FLAGS, FILE_MODE);
  try {
    await setLength(handle, lengthBytes);
    return handle;
  } catch (error) {
    await closeFile(handle);
    throw error;
  }
}
