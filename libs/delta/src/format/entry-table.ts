import type { List } from '../list.ts';
import type { PathTable } from '../path-table.ts';
import { ENTRY_KINDS, type EntryContent, type PatchEntry } from './listing.ts';

/** The entries of a listing in the columns that they are stored in. */
export class EntryTable implements List<PatchEntry> {
  readonly #flags: Uint8Array;
  readonly #paths: PathTable;
  readonly #numbers: Float64Array;
  readonly #links: ReadonlyMap<number, string>;

  /** @param columns.numbers Lengths of written files, indexes of other files' content. */
  constructor(columns: {
    readonly flags: Uint8Array;
    readonly paths: PathTable;
    readonly numbers: Float64Array;
    readonly links: ReadonlyMap<number, string>;
  }) {
    this.#flags = columns.flags;
    this.#paths = columns.paths;
    this.#numbers = columns.numbers;
    this.#links = columns.links;
  }

  get length(): number {
    return this.#flags.length;
  }

  at(index: number): PatchEntry | undefined {
    const flags = this.#flags[index];
    if (flags === undefined) return undefined;
    return {
      path: this.#paths.at(index),
      executable: (flags & 4) !== 0,
      replaces: (flags & 8) !== 0,
      content: this.#contentAt(index, flags),
    };
  }

  *[Symbol.iterator](): Generator<PatchEntry> {
    for (let index = 0; index < this.length; index += 1) {
      const entry = this.at(index);
      if (entry) yield entry;
    }
  }

  #contentAt(index: number, flags: number): EntryContent {
    const kind = ENTRY_KINDS[flags & 3] ?? 'link';
    const number = this.#numbers[index] ?? 0;
    if (kind === 'written') return { kind, lengthBytes: number };
    if (kind === 'link') return { kind, symlink: this.#links.get(index) ?? '' };
    return { kind, index: number };
  }
}
