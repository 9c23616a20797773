import { close, copyFile, fchmod, ftruncate, open, read, write } from 'node:fs';
import { promisify } from 'node:util';

/** Calls by the numbers of open files, in the threads of Node's pool: with very many small files half the work that handles are. */
export const openFile: (path: string, flags: string | number, mode?: number) => Promise<number> = promisify(open);
export const closeFile: (handle: number) => Promise<void> = promisify(close);
export const copyWhole: (from: string, to: string, flags: number) => Promise<void> = promisify(copyFile);
export const changeMode: (handle: number, mode: number) => Promise<void> = promisify(fchmod);
export const setLength: (handle: number, lengthBytes: number) => Promise<void> = promisify(ftruncate);
const readFile = promisify(read);
const writeFile = promisify(write);

/** Fills the target from an offset of an open file. @throws `Error` where the file ends before */
export async function readAll(handle: number, offset: number, target: Uint8Array): Promise<void> {
  for (let got = 0; got < target.length;) {
    const { bytesRead } = await readFile(handle, target, got, target.length - got, offset + got);
    if (bytesRead === 0) throw new Error(`it ends at byte ${offset + got}, ${offset + target.length} are wanted`);
    got += bytesRead;
  }
}

export async function writeAll(handle: number, offset: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await writeFile(handle, bytes, at, bytes.length - at, offset + at)).bytesWritten;
  }
}
