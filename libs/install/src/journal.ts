// The journal is written and synced before the first change to an owned path, and names every change. It is believed only
// whole (sealed) and only for the signed manifest whose hash it carries.
import type { FileSystem } from './file-system.ts';
import { isHistoryEntry, type HistoryEntry } from './history.ts';
import { checkState, isInstalledRelease, type InstalledRelease, type InstallState } from './install-state.ts';
import { isStatePath, JOURNAL_PATH, KEPT_DIRECTORY, STAGING_DIRECTORY } from './layout.ts';
import { corrupt, isRecord, readSealed, writeSealed, type SealedKind } from './sealed-document.ts';
import type { UndoFile } from './undo.ts';

/** A staged file, link or empty file and the path that it takes. */
export interface Placement {
  from: string;
  path: string;
  lengthBytes: number;
  /** Of the staged file; a rename keeps it. */
  mtimeMs: number;
  /** Absent for a link or an empty file. */
  piecesRoot?: string;
}

/** A file that stays where it is, and of which those pieces are written over that differ. */
export interface Rewrite {
  /** Staged, with holes where nothing is written. */
  from: string;
  path: string;
  lengthBytes: number;
  /** Before the commit. */
  oldLengthBytes: number;
  piecesRoot: string;
  /** Pieces of the file, in order. */
  runs: PieceRun[];
}

export interface PieceRun {
  first: number;
  count: number;
}

/** A file or link at a path that a commit clears or takes, as it was when the journal was written. */
export interface FoundFile {
  path: string;
  kind: 'file' | 'link';
  lengthBytes: number;
  mtimeMs: number;
}

export interface KeptFile {
  path: string;
  to: string;
}

export interface ModeChange {
  path: string;
  executable: boolean;
}

export interface Journal {
  /** What was installed before, if anything. */
  from?: InstalledRelease;
  /** The state once all is done. */
  state: InstallState & { installed: InstalledRelease };
  /** What the history is to say of it. */
  entry?: HistoryEntry;
  /** What goes or is replaced; whatever else stands there by then is somebody's. */
  found: FoundFile[];
  /** Before all else: owned files whose content is kept to go back to. */
  undo: UndoFile[];
  /** First: owned files that go, owned directories that go when empty (deepest first), then what stands in the way still. */
  removed: string[];
  leftDirectories: string[];
  kept: KeptFile[];
  /** Second: directories to make, outermost first, and what is put where. */
  directories: string[];
  placements: Placement[];
  /** Third: what is written where it lies. */
  rewrites: Rewrite[];
  /** Fourth. */
  modes: ModeChange[];
}

const JOURNAL_KIND: SealedKind = { name: 'journal', format: 2 };

/** @throws {InstallError} `state_corrupt`, `state_too_new` */
export async function readJournal(files: FileSystem, path: string = JOURNAL_PATH): Promise<Journal | undefined> {
  const value = await readSealed(files, JOURNAL_KIND, path);
  return value === undefined ? undefined : checkJournal(value);
}

/** Once this returns the update will be done, whatever happens. */
export async function writeJournal(files: FileSystem, journal: Journal): Promise<void> {
  await writeSealed(files, JOURNAL_KIND, JOURNAL_PATH, journal);
}

/** @throws {InstallError} `state_corrupt` when the value is no journal, or names a path outside the install */
export function checkJournal(value: unknown): Journal {
  if (!isRecord(value)) throw corrupt(JOURNAL_PATH, 'found no journal');
  const { from, state, entry, found, undo = [], removed, leftDirectories, kept, directories } = value;
  const { placements, rewrites = [], modes } = value;
  if (
    !(from === undefined || isInstalledRelease(from)) ||
    !(entry === undefined || isHistoryEntry(entry)) ||
    !isListOf(found, isFoundFile) ||
    !isListOf(undo, isUndoFile) ||
    !isListOf(removed, isOwnedPath) ||
    !isListOf(leftDirectories, isOwnedPath) ||
    !isListOf(directories, isOwnedPath) ||
    !isListOf(kept, isKeptFile) ||
    !isListOf(placements, isPlacement) ||
    !isListOf(rewrites, isRewrite) ||
    !isListOf(modes, isMode)
  ) {
    throw corrupt(JOURNAL_PATH, 'found a journal with a field missing or of another type');
  }
  const next = checkState(state, JOURNAL_PATH);
  if (next.installed === undefined) throw corrupt(JOURNAL_PATH, 'found no release to install');
  const journal: Journal = {
    state: { ...next, installed: next.installed },
    ...(entry === undefined ? {} : { entry }),
    found,
    undo,
    removed,
    leftDirectories,
    kept,
    directories,
    placements,
    rewrites,
    modes,
  };
  return from === undefined ? journal : { ...journal, from };
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isSafePath(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.includes('\0') || value.includes('\\')) return false;
  return value.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
}

function isOwnedPath(value: unknown): value is string {
  return isSafePath(value) && !isStatePath(value);
}

function isUndoFile(value: unknown): value is UndoFile {
  if (!isRecord(value) || !isOwnedPath(value['path'])) return false;
  return typeof value['piecesRoot'] === 'string' && /^[0-9a-f]{64}$/.test(value['piecesRoot']);
}

function isFoundFile(value: unknown): value is FoundFile {
  if (!isRecord(value)) return false;
  const { path, kind, lengthBytes, mtimeMs } = value;
  return (
    isOwnedPath(path) && (kind === 'file' || kind === 'link') && isCount(lengthBytes) && typeof mtimeMs === 'number'
  );
}

function isKeptFile(value: unknown): value is KeptFile {
  return (
    isRecord(value) &&
    isOwnedPath(value['path']) &&
    isSafePath(value['to']) &&
    value['to'].startsWith(`${KEPT_DIRECTORY}/`)
  );
}

function isPlacement(value: unknown): value is Placement {
  if (!isRecord(value)) return false;
  const { from, path, lengthBytes, mtimeMs, piecesRoot } = value;
  return (
    isSafePath(from) &&
    from.startsWith(`${STAGING_DIRECTORY}/`) &&
    isOwnedPath(path) &&
    typeof lengthBytes === 'number' &&
    typeof mtimeMs === 'number' &&
    (piecesRoot === undefined || typeof piecesRoot === 'string')
  );
}

function isRewrite(value: unknown): value is Rewrite {
  if (!isRecord(value)) return false;
  const { from, path, lengthBytes, oldLengthBytes, piecesRoot, runs } = value;
  return (
    isSafePath(from) &&
    from.startsWith(`${STAGING_DIRECTORY}/`) &&
    isOwnedPath(path) &&
    isCount(lengthBytes) &&
    isCount(oldLengthBytes) &&
    typeof piecesRoot === 'string' &&
    isListOf(runs, isRun)
  );
}

function isRun(value: unknown): value is PieceRun {
  return isRecord(value) && isCount(value['first']) && isCount(value['count']);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isMode(value: unknown): value is ModeChange {
  return isRecord(value) && isOwnedPath(value['path']) && typeof value['executable'] === 'boolean';
}
