/**
 * How the text of an option is read. Sizes take `KiB MiB GiB KB MB GB` and give bytes; rates are sizes a second; `seconds`
 * and `percent` take decimals; `count` is a whole number; `endpoint` is HOST:PORT, IPv6 hosts in brackets; `url` is of a server
 * that speaks HTTP, and loses slashes at its end.
 */
export type OptionKind =
  'text' | 'choice' | 'size' | 'rate' | 'seconds' | 'count' | 'percent' | 'endpoint' | 'url' | 'switch';

/** What a text has to be like where its kind does not say: a mistake in it is told before the command begins. */
export interface TextForm {
  /** Goes on after "wanted", with an example. */
  readonly wanted: string;
  /** Throws on a text that is not like that. */
  readonly read: (text: string) => unknown;
}

/** One `--name`. Its value may also come from the environment variable `SWARMPATCH_NAME`. */
export interface OptionSpec {
  readonly name: string;
  readonly kind: OptionKind;
  readonly description: string;
  /** What stands for the value in `--help`; absent for switches. */
  readonly value?: string;
  readonly required?: true;
  /** May be given several times; from the environment, separated by spaces. */
  readonly repeatable?: true;
  readonly choices?: readonly string[];
  readonly default?: string;
  readonly form?: TextForm;
}

/** A positional argument; all are required. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  /** May be given several times; the last argument alone. */
  readonly repeatable?: true;
  readonly form?: TextForm;
}
