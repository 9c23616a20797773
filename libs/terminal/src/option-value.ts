import type { OptionSpec } from './option-spec.ts';
import { UsageError } from './usage-error.ts';

/** A host and port as typed. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const BYTES_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
]);

/**
 * Reads one option's text by its kind.
 *
 * @returns Bytes for sizes, bytes a second for rates, otherwise the number, endpoint or text itself.
 * @throws {UsageError} where the text is not of that kind.
 */
export function readOptionValue(option: OptionSpec, text: string): string | number | Endpoint {
  switch (option.kind) {
    case 'size':
      return readBytes(option, text);
    case 'rate':
      return readBytes(option, text.replace(/\/s$/, ''));
    case 'seconds':
      return readNumber(option, text, /^\d+(?:\.\d+)?$/, 'seconds, such as 30', Number.MAX_SAFE_INTEGER);
    case 'percent':
      return readNumber(option, text.replace(/%$/, ''), /^\d+(?:\.\d+)?$/, 'a percentage from 0 to 100', 100);
    case 'count':
      return readNumber(option, text, /^\d+$/, 'a whole number', Number.MAX_SAFE_INTEGER);
    case 'endpoint':
      return readEndpoint(option, text);
    case 'choice':
      if (option.choices?.includes(text) !== true) throw misread(option, text, (option.choices ?? []).join(', '));
      return text;
    default:
      return text;
  }
}

function readBytes(option: OptionSpec, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text);
  const unitBytes = BYTES_OF_UNIT.get(match?.[2] ?? '?');
  const bytes = Math.round(Number(match?.[1]) * (unitBytes ?? Number.NaN));
  if (!Number.isSafeInteger(bytes)) throw misread(option, text, 'bytes, such as 512KiB, 20MiB or 1GB');
  return bytes;
}

function readNumber(option: OptionSpec, text: string, pattern: RegExp, wanted: string, max: number): number {
  const number = Number(text);
  if (!pattern.test(text) || number > max) throw misread(option, text, wanted);
  return number;
}

function readEndpoint(option: OptionSpec, text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw misread(option, text, 'HOST:PORT, such as 127.0.0.1:6881');
  return { host, port };
}

function misread(option: OptionSpec, text: string, wanted: string): UsageError {
  return new UsageError(`read --${option.name}: found '${text}', wanted ${wanted}; see --help`);
}
