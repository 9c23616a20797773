import { removeTree, TEMPORARY_SUFFIX } from './durable-write.ts';
import { findKept, finishCommit, type CommitResult, type RewriteSource } from './commit.ts';
import type { FileSystem } from './file-system.ts';
import { InstallError } from './install-error.ts';
import { readState, writeState } from './install-state.ts';
import { bindJournal } from './journal-binding.ts';
import { readJournal, type Journal } from './journal.ts';
import { BAD_JOURNAL_PATH, JOURNAL_PATH, STAGED_NAMES_DIRECTORY, STATE_DIRECTORY } from './layout.ts';
import { discardPlayable } from './playable.ts';
import { readManifest, readPieces } from './release-documents.ts';
import { resumeTidying } from './tidying.ts';

export type Recovery =
  /** Nothing was left undone, or only staging, which is kept for the next run. */
  (
    | { kind: 'clean' }
    /** A commit had begun and is finished now. */
    | ({ kind: 'finished'; version: string } & CommitResult)
    /** There was a journal that cannot be believed: the install is marked suspect, and the next update looks at every file. */
    | { kind: 'suspect'; reason: string }
  ) & {
    /** Where files are now that a game wrote while it ran before the commit. */
    keptPlayable?: string;
  };

/**
 * Makes an install whole after a kill or a power cut: the old release when the commit had not begun, the new one when it
 * had. Every command calls it first; calling it again, or being killed in it, changes nothing.
 */
export async function recover(files: FileSystem): Promise<Recovery> {
  await files.remove(`${JOURNAL_PATH}${TEMPORARY_SUFFIX}`);
  const kept = await discardPlayable(files);
  const keptPlayable = kept === undefined ? {} : { keptPlayable: kept };
  const read = await believeJournal(files);
  if (read === undefined) {
    const done = await resumeTidying(files);
    await removeTree(files, STAGED_NAMES_DIRECTORY);
    if (done === undefined) return { kind: 'clean', ...keptPlayable };
    const { version } = done.state.installed;
    return { kind: 'finished', version, kept: await findKept(files, done.kept), uncertain: [], ...keptPlayable };
  }
  if (read instanceof InstallError) {
    await markSuspect(files);
    await files.rename(JOURNAL_PATH, BAD_JOURNAL_PATH);
    await files.syncDirectories([STATE_DIRECTORY]);
    return { kind: 'suspect', reason: read.message, ...keptPlayable };
  }
  const { journal, source } = read;
  const result = await finishCommit(files, journal, source);
  return { kind: 'finished', version: journal.state.installed.version, ...result, ...keptPlayable };
}

async function markSuspect(files: FileSystem): Promise<void> {
  const state = await readState(files).catch((error: unknown) => {
    // Whoever reads the state next says so.
    if (error instanceof InstallError) return undefined;
    throw error;
  });
  if (state !== undefined) await writeState(files, { ...state, suspect: true });
}

interface BelievedJournal {
  journal: Journal;
  /** Where something is to be rewritten. */
  source: RewriteSource | undefined;
}

async function believeJournal(files: FileSystem): Promise<BelievedJournal | InstallError | undefined> {
  try {
    const journal = await readJournal(files);
    if (journal === undefined) return undefined;
    const from = journal.from === undefined ? undefined : await readManifest(files, journal.from);
    const { installed } = journal.state;
    const manifest = await readManifest(files, installed);
    bindJournal(journal, manifest, from);
    if (journal.rewrites.length === 0) return { journal, source: undefined };
    return { journal, source: { target: await readPieces(files, installed, manifest), base: 'unknown' } };
  } catch (error) {
    if (error instanceof InstallError && error.code === 'state_corrupt') return error;
    throw error;
  }
}
