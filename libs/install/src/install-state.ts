import type { FileSystem } from './file-system.ts';
import { STATE_DIRECTORY, STATE_PATH } from './layout.ts';
import { corrupt, isRecord, readSealed, writeSealed, type SealedKind } from './sealed-document.ts';

/** Releases that `rollback` can go back through; older ones are forgotten. */
export const HISTORY_RELEASES_MAX = 16;

/** What this directory is an install of. The release that it names is whole on disk, unless `suspect`. */
export interface InstallState {
  /** Random; decides which share of a staged rollout this install is in. */
  installId: string;
  game: string;
  /** Base URL without a slash at the end. */
  origin: string;
  channel: string;
  /** SHA-256 of the game's first root keys, hex: what all trust in this install rests on. */
  rootFingerprint: string;
  /** `given` by the player with the install command, or taken from the origin at `first-use`. */
  fingerprintFrom: 'given' | 'first-use';
  /** Absent until the first release is whole. */
  installed?: InstalledRelease;
  /** Versions installed before, newest first. */
  history: string[];
  /** The launcher made the directory, and removes it with the game when nothing is left in it. */
  directoryMade?: true;
  /** The origin could not be asked the last time: what is trusted may be old news. */
  refreshFailed: boolean;
  /** A commit could not be finished for certain: every file is looked at again before the release counts as whole. */
  suspect: boolean;
}

/** Versions and SHA-256, hex, as the signed metadata has them. */
export interface InstalledRelease {
  version: string;
  manifestSha256: string;
  torrentSha256: string;
}

const STATE_KIND: SealedKind = { name: 'state', format: 1 };

/** @throws {InstallError} `state_corrupt`, `state_too_new` */
export async function readState(files: FileSystem): Promise<InstallState | undefined> {
  const value = await readSealed(files, STATE_KIND, STATE_PATH);
  return value === undefined ? undefined : checkState(value, STATE_PATH);
}

/** @throws {InstallError} `disk_full` */
export async function writeState(files: FileSystem, state: InstallState): Promise<void> {
  await files.makeDirectory(STATE_DIRECTORY);
  await writeSealed(files, STATE_KIND, STATE_PATH, state);
  // Whoever made the directory may not have synced its name, and all that follows is in it.
  await files.syncDirectories(['']);
}

/** @throws {InstallError} `state_corrupt` when the value is no install state */
export function checkState(value: unknown, path: string): InstallState {
  if (!isRecord(value)) throw corrupt(path, 'found no install state');
  const {
    installId,
    game,
    origin,
    channel,
    rootFingerprint,
    fingerprintFrom,
    installed,
    history,
    refreshFailed,
    suspect,
    directoryMade,
  } = value;
  if (
    typeof installId !== 'string' ||
    typeof game !== 'string' ||
    typeof origin !== 'string' ||
    typeof channel !== 'string' ||
    typeof rootFingerprint !== 'string' ||
    (fingerprintFrom !== 'given' && fingerprintFrom !== 'first-use') ||
    !isHistory(history) ||
    typeof refreshFailed !== 'boolean' ||
    typeof suspect !== 'boolean' ||
    !(installed === undefined || isInstalledRelease(installed)) ||
    !(directoryMade === undefined || directoryMade === true)
  ) {
    throw corrupt(path, 'found an install state with a field missing or of another type');
  }
  const state: InstallState = {
    installId,
    game,
    origin,
    channel,
    rootFingerprint,
    fingerprintFrom,
    history,
    refreshFailed,
    suspect,
  };
  return {
    ...state,
    ...(installed === undefined ? {} : { installed }),
    ...(directoryMade === undefined ? {} : { directoryMade }),
  };
}

/** The history after a move from one release to another: going back takes the last entry off, any other move adds one. */
export function historyAfter(state: InstallState, version: string): string[] {
  const current = state.installed?.version;
  if (current === undefined || current === version) return state.history;
  if (state.history[0] === version) return state.history.slice(1);
  return [current, ...state.history].slice(0, HISTORY_RELEASES_MAX);
}

function isHistory(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= HISTORY_RELEASES_MAX &&
    value.every((version) => typeof version === 'string')
  );
}

export function isInstalledRelease(value: unknown): value is InstalledRelease {
  return (
    isRecord(value) &&
    typeof value['version'] === 'string' &&
    typeof value['manifestSha256'] === 'string' &&
    typeof value['torrentSha256'] === 'string'
  );
}
