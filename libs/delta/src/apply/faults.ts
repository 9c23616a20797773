import type { NewFile } from '../new-tree.ts';
import type { PlacedFiles } from './placed-files.ts';
import type { FileFailure } from './ports.ts';

/** Which old files cannot be used and which new ones failed, and so what else cannot be made. */
export class Faults {
  /** Whether anything failed so far. */
  areAny = false;
  readonly #old: PlacedFiles<{ readonly lengthBytes: number }>;
  readonly #fresh: PlacedFiles<NewFile>;
  readonly #oldFailures = new Map<number, FileFailure>();
  readonly #failures = new Map<number, FileFailure>();

  constructor(old: PlacedFiles<{ readonly lengthBytes: number }>, fresh: PlacedFiles<NewFile>) {
    this.#old = old;
    this.#fresh = fresh;
  }

  /** Why a written file failed; undefined while it has not. */
  of(index: number): FileFailure | undefined {
    return this.#failures.get(index);
  }

  fail(index: number, failure: FileFailure): void {
    this.areAny = true;
    if (!this.#failures.has(index)) this.#failures.set(index, failure);
  }

  failOld(index: number, failure: FileFailure): void {
    this.areAny = true;
    if (!this.#oldFailures.has(index)) this.#oldFailures.set(index, failure);
  }

  ofOld(index: number): FileFailure | undefined {
    return this.#oldFailures.get(index);
  }

  /** Fails the new files that have bytes in a range of new. */
  failRange(from: number, to: number, failure: FileFailure): void {
    for (const { index } of this.#fresh.spans(from, to)) this.fail(index, failure);
  }

  /** Why bytes at a source address cannot be used; undefined when they can. */
  ofSource(source: number, length: number): FileFailure | undefined {
    if (source < this.#old.length) {
      if (this.#oldFailures.size === 0) return undefined;
      for (const { index } of this.#old.spans(source, source + length)) {
        const failure = this.#oldFailures.get(index);
        if (failure) return failure;
      }
      return undefined;
    }
    if (this.#failures.size === 0) return undefined;
    const from = source - this.#old.length;
    for (const { index } of this.#fresh.spans(from, from + length)) {
      if (!this.#failures.has(index)) continue;
      const path = this.#fresh.at(index)?.path;
      return { code: 'depends_on_failed', message: `it is made of ${JSON.stringify(path)}, which failed`, path };
    }
    return undefined;
  }
}
