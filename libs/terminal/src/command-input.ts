import type { ArgumentSpec, OptionSpec } from './option-spec.ts';
import { checkArgument, type Endpoint, readOptionValue } from './option-value.ts';
import { UsageError } from './usage-error.ts';

export type { Endpoint };

type OptionValue = string | number | Endpoint;

/** The arguments and options of one run, read by the kinds that the command declares. */
export class CommandInput {
  readonly #arguments: ReadonlyMap<string, readonly string[]>;
  readonly #options: ReadonlyMap<string, OptionSpec>;
  readonly #values: ReadonlyMap<string, readonly OptionValue[]>;

  /**
   * @param texts The texts of each option that was given, switches as `['true']`.
   * @throws {UsageError} where a text is not of its option's kind or form, or a required option is missing.
   */
  constructor(
    command: { readonly arguments?: readonly ArgumentSpec[]; readonly options?: readonly OptionSpec[] },
    argumentTexts: readonly string[],
    texts: ReadonlyMap<string, readonly string[]>,
  ) {
    this.#arguments = new Map(
      (command.arguments ?? []).map((argument, index) => {
        const given = argumentTexts.slice(index, argument.repeatable === true ? undefined : index + 1);
        for (const text of given) checkArgument(argument, text);
        return [argument.name, given];
      }),
    );
    this.#options = new Map((command.options ?? []).map((option) => [option.name, option]));
    const values = new Map<string, readonly OptionValue[]>();
    for (const option of this.#options.values()) {
      const given = texts.get(option.name) ?? (option.default === undefined ? [] : [option.default]);
      if (given.length === 0 && option.required === true) {
        throw new UsageError(`read the command line: --${option.name} is missing, wanted ${option.description}`);
      }
      values.set(
        option.name,
        given.map((text) => readOptionValue(option, text)),
      );
    }
    this.#values = values;
  }

  argument(name: string): string {
    return this.arguments(name)[0] ?? '';
  }

  /** All that were given of a repeatable argument. */
  arguments(name: string): readonly string[] {
    const texts = this.#arguments.get(name);
    if (texts === undefined) throw new TypeError(`command reads argument '${name}', which it does not declare`);
    return texts;
  }

  text(name: string): string | undefined {
    const value = this.#last(name);
    return typeof value === 'object' ? `${value.host}:${value.port}` : value?.toString();
  }

  requiredText(name: string): string {
    const text = this.text(name);
    if (text === undefined) throw new UsageError(`read the command line: --${name} is missing; see --help`);
    return text;
  }

  list(name: string): string[] {
    return this.#all(name).filter((value) => typeof value === 'string');
  }

  /** Bytes of a size, bytes a second of a rate, otherwise the number as given. */
  number(name: string): number | undefined {
    const value = this.#last(name);
    return typeof value === 'number' ? value : undefined;
  }

  flag(name: string): boolean {
    return this.#last(name) === 'true';
  }

  endpoint(name: string): Endpoint | undefined {
    return this.endpoints(name).at(-1);
  }

  endpoints(name: string): Endpoint[] {
    return this.#all(name).filter((value) => typeof value === 'object');
  }

  #all(name: string): readonly OptionValue[] {
    if (!this.#options.has(name)) throw new TypeError(`command reads option '${name}', which it does not declare`);
    return this.#values.get(name) ?? [];
  }

  #last(name: string): OptionValue | undefined {
    return this.#all(name).at(-1);
  }
}
