import type { ArgumentSpec, OptionSpec, TextForm } from './option-spec.ts';
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

/** The longest that a timer of Node can wait is 2^31 - 1 milliseconds: 24 days. */
export const SECONDS_MAX: number = Math.floor((2 ** 31 - 1) / 1000);
/** Of a mistake, in a message. */
const SHOWN_CHARACTERS_MAX = 200;

/**
 * Reads one option's text by its kind and form.
 *
 * @returns Bytes for sizes, bytes a second for rates, otherwise the number, endpoint or text itself.
 * @throws {UsageError} where the text is not of that kind or form.
 */
export function readOptionValue(option: OptionSpec, text: string): string | number | Endpoint {
  const value = readByKind(option, text);
  checkForm(`--${option.name}`, option.form, text);
  return value;
}

/** @throws {UsageError} where the text is empty, or not of the argument's form. */
export function checkArgument({ name, description, form }: ArgumentSpec, text: string): void {
  if (text === '') throw misread(name, text, form?.wanted ?? description);
  checkForm(name, form, text);
}

function checkForm(what: string, form: TextForm | undefined, text: string): void {
  try {
    form?.read(text);
  } catch (cause) {
    throw misread(what, text, form?.wanted ?? '', cause);
  }
}

function readByKind(option: OptionSpec, text: string): string | number | Endpoint {
  switch (option.kind) {
    case 'size':
      return readBytes(option, text, 'bytes, such as 512KiB, 20MiB or 1GB');
    case 'rate':
      return readRate(option, text);
    case 'seconds':
      return readNumber(option, text, /^\d+(?:\.\d+)?$/, `seconds, such as 30, up to ${SECONDS_MAX}`, SECONDS_MAX);
    case 'percent':
      return readNumber(option, text.replace(/%$/, ''), /^\d+(?:\.\d+)?$/, 'a percentage from 0 to 100', 100);
    case 'count':
      return readNumber(option, text, /^\d+$/, 'a whole number', Number.MAX_SAFE_INTEGER);
    case 'endpoint':
      return readEndpoint(option, text);
    case 'choice':
      if (option.choices?.includes(text) !== true)
        throw misreadOption(option, text, `one of ${(option.choices ?? []).join(', ')}`);
      return text;
    case 'url':
      return readUrl(option, text);
    default:
      // An empty path would mean the working directory: most likely a variable that is not set.
      if (text === '') throw misreadOption(option, text, option.form?.wanted ?? option.description);
      return text;
  }
}

/** To some 0 means no limit, to others nothing at all: it is refused. */
function readRate(option: OptionSpec, text: string): number {
  const wanted = 'bytes a second, such as 512KiB or 20MiB; for no limit leave it out';
  const bytesPerSecond = readBytes(option, text.replace(/\/s$/, ''), wanted);
  if (bytesPerSecond === 0) throw misreadOption(option, text, wanted);
  return bytesPerSecond;
}

function readBytes(option: OptionSpec, text: string, wanted: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text);
  const unitBytes = BYTES_OF_UNIT.get(match?.[2] ?? '?');
  const bytes = Math.round(Number(match?.[1]) * (unitBytes ?? Number.NaN));
  if (!Number.isSafeInteger(bytes)) throw misreadOption(option, text, wanted);
  return bytes;
}

function readNumber(option: OptionSpec, text: string, pattern: RegExp, wanted: string, max: number): number {
  const number = Number(text);
  if (!pattern.test(text) || number > max) throw misreadOption(option, text, wanted);
  return number;
}

function readEndpoint(option: OptionSpec, text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw misreadOption(option, text, 'HOST:PORT, such as 127.0.0.1:6881');
  return { host, port };
}

function readUrl(option: OptionSpec, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  const isPlain = url?.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (url === undefined || !isHttp || !isPlain) {
    throw misreadOption(option, text, 'http(s)://HOST[:PORT][/PATH], such as https://play.example.org');
  }
  return url.href.replace(/\/+$/, '');
}

function misreadOption(option: OptionSpec, text: string, wanted: string): UsageError {
  return misread(`--${option.name}`, text, wanted);
}

function misread(what: string, text: string, wanted: string, cause?: unknown): UsageError {
  const shown = text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
  return new UsageError(`read ${what}: found '${shown}', wanted ${wanted}; see --help`, { cause });
}
