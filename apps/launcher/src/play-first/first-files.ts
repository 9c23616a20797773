import { LauncherError } from '../launcher-error.ts';
import { parseGlob } from './path-glob.ts';

/** The files that `--play-first` names. */
export class FirstFiles {
  readonly #globs: readonly { readonly text: string; readonly matches: (path: string) => boolean }[];
  readonly #unmatched: Set<string>;

  /** @throws {UsageError} */
  constructor(globs: readonly string[]) {
    this.#globs = globs.map((text) => ({ text, matches: parseGlob(text) }));
    this.#unmatched = new Set(globs);
  }

  /** Which of these paths match any of the globs, in their order. */
  indexesAmong(paths: readonly string[]): number[] {
    const indexes = new Set<number>();
    for (const { text, matches } of this.#globs) {
      for (const [index, path] of paths.entries()) {
        if (!matches(path)) continue;
        indexes.add(index);
        this.#unmatched.delete(text);
      }
    }
    return [...indexes].sort((a, b) => a - b);
  }

  /** A glob that matches nothing is a slip of the pen: the files meant by it would come last. @throws {LauncherError} `glob_unmatched` */
  expectAllMatched(name: string): void {
    const [glob] = this.#unmatched;
    if (glob === undefined) return;
    throw new LauncherError(
      'glob_unmatched',
      `fetch --play-first '${glob}' of ${name}: found no such file; ** stands for any directories, and letter case counts`,
    );
  }
}
