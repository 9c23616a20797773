import { compare, parse } from 'semver';
import { ReleaseError } from './release-error.ts';

export const GAME_ID_CHARACTERS_MAX = 64;
export const CHANNEL_NAME_CHARACTERS_MAX = 32;
export const VERSION_CHARACTERS_MAX = 64;

export const DEFAULT_CHANNEL = 'stable';

const NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
/** Names that Windows gives to devices, whatever follows a dot: a game id and a channel become file names. */
const DEVICE_NAME_PATTERN = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** How a name has to look, in words, and what refuses any other. */
export interface NameForm {
  readonly wanted: string;
  readonly read: (text: string) => string;
}

const nameWanted = (charactersMax: number, example: string): string =>
  `lower-case letters, digits and inner hyphens, at most ${charactersMax} characters, such as ${example}`;

export const gameIdForm: NameForm = { wanted: nameWanted(GAME_ID_CHARACTERS_MAX, 'starfall'), read: parseGameId };

export const channelNameForm: NameForm = {
  wanted: nameWanted(CHANNEL_NAME_CHARACTERS_MAX, DEFAULT_CHANNEL),
  read: parseChannelName,
};

export const versionForm: NameForm = {
  wanted: `a semantic version such as 1.4.0 or 1.4.0-beta.2 (no leading v, no build metadata, at most ${VERSION_CHARACTERS_MAX} characters)`,
  read: parseVersion,
};

function isName(text: string, charactersMax: number): boolean {
  return text.length <= charactersMax && NAME_PATTERN.test(text) && !DEVICE_NAME_PATTERN.test(text);
}

/**
 * @param text Lower-case letters, digits and inner hyphens, at most 64 characters, no device name of Windows.
 * @returns The same text.
 * @throws {ReleaseError} `bad_game_id`
 */
export function parseGameId(text: string): string {
  if (isName(text, GAME_ID_CHARACTERS_MAX)) return text;
  throw new ReleaseError('bad_game_id', `read game id: found ${quote(text)}, wanted ${gameIdForm.wanted}`);
}

/**
 * @param text Lower-case letters, digits and inner hyphens, at most 32 characters, no device name of Windows.
 * @returns The same text.
 * @throws {ReleaseError} `bad_channel`
 */
export function parseChannelName(text: string): string {
  if (isName(text, CHANNEL_NAME_CHARACTERS_MAX)) return text;
  throw new ReleaseError('bad_channel', `read channel name: found ${quote(text)}, wanted ${channelNameForm.wanted}`);
}

/**
 * Strict Semantic Versioning 2.0.0: no `v`, no missing part, no spaces. Build metadata is refused because two versions that
 * differ in it alone are equal in precedence.
 *
 * @returns The same text.
 * @throws {ReleaseError} `bad_version`
 */
export function parseVersion(text: string): string {
  if (isVersion(text)) return text;
  throw new ReleaseError('bad_version', `read version: found ${quote(text)}, wanted ${versionForm.wanted}`);
}

/** Semver precedence: negative when `left` comes before `right`. Both must have passed `parseVersion`. */
export function compareVersions(left: string, right: string): number {
  return compare(left, right);
}

/** The name of a release's torrent, hence of its top directory in any BitTorrent client. */
export function torrentName(game: string, version: string): string {
  return `${game}-${version}`;
}

/** How a patch is addressed: no version contains two dots in a row. */
export function patchRange(from: string, to: string): string {
  return `${from}..${to}`;
}

/**
 * @param text As `patchRange` writes it.
 * @returns Undefined when it is not two versions.
 */
export function parsePatchRange(text: string): { from: string; to: string } | undefined {
  const [from = '', to = '', ...more] = text.split('..');
  return more.length === 0 && isVersion(from) && isVersion(to) ? { from, to } : undefined;
}

/** The name of a patch's torrent, and of the one file in it. */
export function patchName(game: string, from: string, to: string): string {
  return `${game}-${patchRange(from, to)}.patch`;
}

function isVersion(text: string): boolean {
  return text.length <= VERSION_CHARACTERS_MAX && parse(text)?.version === text;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
