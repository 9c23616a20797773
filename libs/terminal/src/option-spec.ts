/**
 * How the text of an option is read. Sizes take `KiB MiB GiB KB MB GB` and give bytes; rates are sizes a second; `seconds`
 * and `percent` take decimals; `count` is a whole number; `endpoint` is HOST:PORT, IPv6 hosts in brackets.
 */
export type OptionKind = 'text' | 'choice' | 'size' | 'rate' | 'seconds' | 'count' | 'percent' | 'endpoint' | 'switch';

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
}

/** A positional argument; all are required. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  /** May be given several times; the last argument alone. */
  readonly repeatable?: true;
}
