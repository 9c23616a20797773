// Every entry is a fact that stays true: "a file at this path with this length and this time of change has this content".
// An entry that no longer fits what is on disk says nothing; losing the whole index costs hashing, never correctness.
import type { FileStat, FileSystem } from './file-system.ts';
import { InstallError } from './install-error.ts';
import { FILE_INDEX_PATH } from './layout.ts';
import { isRecord, readSealed, writeSealed, type SealedKind } from './sealed-document.ts';

const INDEX_KIND: SealedKind = { name: 'files', format: 1 };

interface FileFact {
  lengthBytes: number;
  mtimeMs: number;
  piecesRoot: string;
  /** Seen with another content before: nobody wrote the file, the disk did. */
  decayed: boolean;
}

/** Which content the files of an install were seen to have, by path, length and time of change. */
export class FileIndex {
  readonly #facts = new Map<string, FileFact>();
  #changed = false;

  static async load(files: FileSystem): Promise<FileIndex> {
    const index = new FileIndex();
    let value: unknown;
    try {
      value = await readSealed(files, INDEX_KIND, FILE_INDEX_PATH);
    } catch (error) {
      if (!(error instanceof InstallError)) throw error;
    }
    if (isRecord(value) && Array.isArray(value['facts'])) for (const row of value['facts']) index.#take(row);
    return index;
  }

  /** @returns the pieces root, hex, or undefined when the file has to be read to know. */
  rootOf(path: string, stat: FileStat): string | undefined {
    return this.#factOf(path, stat)?.piecesRoot;
  }

  /** Was this file seen with another content although its length and time of change are the same? */
  isDecayed(path: string, stat: Pick<FileStat, 'lengthBytes' | 'mtimeMs'>): boolean {
    return this.#factOf(path, stat)?.decayed === true;
  }

  record(path: string, stat: Pick<FileStat, 'lengthBytes' | 'mtimeMs'>, piecesRoot: string): void {
    const before = this.#factOf(path, stat);
    const decayed = before !== undefined && (before.decayed || before.piecesRoot !== piecesRoot);
    this.#facts.set(path, { lengthBytes: stat.lengthBytes, mtimeMs: stat.mtimeMs, piecesRoot, decayed });
    this.#changed = true;
  }

  forget(path: string): void {
    if (this.#facts.delete(path)) this.#changed = true;
  }

  /** Writes the index when it changed. */
  async save(files: FileSystem): Promise<void> {
    if (!this.#changed) return;
    const facts = Array.from(this.#facts, ([path, { lengthBytes, mtimeMs, piecesRoot, decayed }]) => [
      ...[path, lengthBytes, mtimeMs, piecesRoot],
      ...(decayed ? [true] : []),
    ]);
    await writeSealed(files, INDEX_KIND, FILE_INDEX_PATH, { facts });
    this.#changed = false;
  }

  #factOf(path: string, { lengthBytes, mtimeMs }: Pick<FileStat, 'lengthBytes' | 'mtimeMs'>): FileFact | undefined {
    const fact = this.#facts.get(path);
    return fact?.lengthBytes === lengthBytes && fact.mtimeMs === mtimeMs ? fact : undefined;
  }

  #take(row: unknown): void {
    if (!Array.isArray(row)) return;
    const [path, lengthBytes, mtimeMs, piecesRoot, decayed = false] = row as unknown[];
    if (
      typeof path !== 'string' ||
      typeof lengthBytes !== 'number' ||
      typeof mtimeMs !== 'number' ||
      typeof piecesRoot !== 'string' ||
      typeof decayed !== 'boolean'
    )
      return;
    this.#facts.set(path, { lengthBytes, mtimeMs, piecesRoot, decayed });
  }
}
