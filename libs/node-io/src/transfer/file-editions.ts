import { statSync } from 'node:fs';

interface Seen {
  edition: number;
  /** Length and time of change at the last look; undefined since this process wrote there. */
  stamp: string | undefined;
}

/** Counts how often each file was changed by others, as far as its length and time of change tell. */
export class FileEditions {
  readonly #seen = new Map<number, Seen>();

  /** As of the last look. */
  known(fileIndex: number): number {
    return this.#seen.get(fileIndex)?.edition ?? 0;
  }

  /** What changes now is no one else's doing. To be called before and after each write. */
  writtenHere(fileIndex: number): void {
    this.#of(fileIndex).stamp = undefined;
  }

  /** At once: the file is about to be read, and a look costs less than waiting for one. @throws {Error} of the file system */
  look(fileIndex: number, path: string): number {
    const { size, mtimeMs } = statSync(path);
    const stamp = `${size} ${mtimeMs}`;
    const seen = this.#of(fileIndex);
    if (seen.stamp !== undefined && seen.stamp !== stamp) seen.edition += 1;
    seen.stamp = stamp;
    return seen.edition;
  }

  #of(fileIndex: number): Seen {
    const known = this.#seen.get(fileIndex);
    if (known) return known;
    const seen: Seen = { edition: 0, stamp: undefined };
    this.#seen.set(fileIndex, seen);
    return seen;
  }
}
