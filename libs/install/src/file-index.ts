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
    const fact = this.#facts.get(path);
    const isSame = fact !== undefined && fact.lengthBytes === stat.lengthBytes && fact.mtimeMs === stat.mtimeMs;
    return isSame ? fact.piecesRoot : undefined;
  }

  record(path: string, stat: Pick<FileStat, 'lengthBytes' | 'mtimeMs'>, piecesRoot: string): void {
    this.#facts.set(path, { lengthBytes: stat.lengthBytes, mtimeMs: stat.mtimeMs, piecesRoot });
    this.#changed = true;
  }

  forget(path: string): void {
    if (this.#facts.delete(path)) this.#changed = true;
  }

  /** Writes the index when it changed. */
  async save(files: FileSystem): Promise<void> {
    if (!this.#changed) return;
    const facts = Array.from(this.#facts, ([path, fact]) => [path, fact.lengthBytes, fact.mtimeMs, fact.piecesRoot]);
    await writeSealed(files, INDEX_KIND, FILE_INDEX_PATH, { facts });
    this.#changed = false;
  }

  #take(row: unknown): void {
    if (!Array.isArray(row)) return;
    const [path, lengthBytes, mtimeMs, piecesRoot] = row as unknown[];
    if (
      typeof path !== 'string' ||
      typeof lengthBytes !== 'number' ||
      typeof mtimeMs !== 'number' ||
      typeof piecesRoot !== 'string'
    )
      return;
    this.#facts.set(path, { lengthBytes, mtimeMs, piecesRoot });
  }
}
