import type { CommandInput } from './command-input.ts';
import type { ArgumentSpec, OptionSpec } from './option-spec.ts';
import type { Progress } from './progress.ts';

/** What a command leaves: a document for machines and a text for people. Exit code 1 is a finding, not a failure. */
export interface CommandOutcome {
  readonly document: object;
  readonly text: string;
  readonly exitCode?: 0 | 1;
}

/** What a command may use of the terminal that it runs in. */
export interface CommandContext {
  readonly json: boolean;
  readonly progress: Progress;
  /** Aborts at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** A remark for people, on stderr. */
  warn(text: string): void;
  /** Prints at once what cannot wait for the end: one JSON line with `--json`, otherwise the text. */
  emit(document: object, text: string): void;
  nowMs(): number;
}

/** One command. `run` returns nothing when it has already emitted all it had to say. */
export interface CommandSpec {
  /** The words that name it after the program's name. */
  readonly path: readonly string[];
  readonly summary: string;
  /** One whole command line. */
  readonly example: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  run(input: CommandInput, context: CommandContext): Promise<CommandOutcome | undefined>;
}

/** The commands that begin with one word, loaded when that word is typed: their libraries take longer to load than most work. */
export interface LazyCommands {
  readonly word: string;
  readonly summary: string;
  load(): Promise<readonly CommandSpec[]>;
}
