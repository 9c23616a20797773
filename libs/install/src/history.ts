import { errnoOf, type FileSystem } from './file-system.ts';
import { InstallError } from './install-error.ts';
import { HISTORY_PATH } from './layout.ts';
import { isRecord, readSealed, writeSealed, type SealedKind } from './sealed-document.ts';

/** Moves that are remembered; older ones are forgotten. */
export const HISTORY_ENTRIES_MAX = 100;

/** One move of an install to a release. */
export interface HistoryEntry {
  /** Wall clock, milliseconds since 1970; no two entries have the same. */
  atMs: number;
  /** Such as `update`. */
  command: string;
  /** Absent for the first install. */
  from?: string;
  to: string;
  /** How the content came: `patch`, `pieces`, `full`. */
  plan: string;
  bytes: {
    fromPeers: number;
    fromWebSeeds: number;
    reused: number;
    /** Staged by an earlier run; absent where there was none. */
    resumed?: number;
    written: number;
  };
}

const HISTORY_KIND: SealedKind = { name: 'history', format: 1 };

/** Newest first. A history that is lost or damaged is empty: nothing depends on it. */
export async function readHistory(files: FileSystem): Promise<HistoryEntry[]> {
  let value: unknown;
  try {
    value = await readSealed(files, HISTORY_KIND, HISTORY_PATH);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
  }
  const entries: unknown = isRecord(value) ? value['entries'] : undefined;
  return Array.isArray(entries) ? entries.filter(isHistoryEntry).slice(0, HISTORY_ENTRIES_MAX) : [];
}

/** Adding an entry again changes nothing. A full disk is no reason to fail. */
export async function addToHistory(files: FileSystem, entry: HistoryEntry): Promise<void> {
  const before = await readHistory(files);
  if (before.some(({ atMs }) => atMs === entry.atMs)) return;
  const entries = [entry, ...before].slice(0, HISTORY_ENTRIES_MAX);
  try {
    await writeSealed(files, HISTORY_KIND, HISTORY_PATH, { entries });
  } catch (error) {
    if (!(error instanceof InstallError && error.code === 'disk_full') && errnoOf(error) === undefined) throw error;
  }
}

export function isHistoryEntry(value: unknown): value is HistoryEntry {
  if (!isRecord(value) || !isRecord(value['bytes'])) return false;
  const { atMs, command, from, to, plan, bytes } = value;
  const counts = [bytes['fromPeers'], bytes['fromWebSeeds'], bytes['reused'], bytes['resumed'] ?? 0, bytes['written']];
  return (
    isWallClock(atMs) &&
    [command, to, plan].every((text) => typeof text === 'string') &&
    (from === undefined || typeof from === 'string') &&
    counts.every((count) => typeof count === 'number')
  );
}

/** What a Date can hold. */
function isWallClock(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 8.64e15;
}
