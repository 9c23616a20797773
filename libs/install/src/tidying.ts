// A commit that is done leaves what nobody needs any more: staging above all. Its journal is renamed rather than removed while that
// goes away, so that after a kill it is known to be nobody's, and not what the next update has fetched so far.
import { removeTree } from './durable-write.ts';
import { errnoOf, joinPath, type FileSystem } from './file-system.ts';
import { InstallError } from './install-error.ts';
import { readState } from './install-state.ts';
import { readJournal, type Journal } from './journal.ts';
import { DONE_JOURNAL_PATH, JOURNAL_PATH, RELEASES_DIRECTORY, STATE_DIRECTORY } from './layout.ts';
import { discardStaging } from './staging.ts';
import { dropUndo, pruneUndo } from './undo.ts';

/** Takes leave of a journal of which all is done and durable. Killed in it, `resumeTidying` goes on. */
export async function closeJournal(files: FileSystem, journal: Journal): Promise<void> {
  await files.rename(JOURNAL_PATH, DONE_JOURNAL_PATH);
  await files.syncDirectories([STATE_DIRECTORY]);
  await tidy(files, journal);
  await forgetDoneJournal(files);
}

/** @returns the journal of a commit that was done when its process was killed, if there was one; nothing of it is left now. */
export async function resumeTidying(files: FileSystem): Promise<Journal | undefined> {
  let done: Journal | undefined;
  try {
    done = await readJournal(files, DONE_JOURNAL_PATH);
    if (done === undefined) return undefined;
    await tidy(files, done);
  } catch (error) {
    if (!(error instanceof InstallError && error.code === 'state_corrupt')) throw error;
    // Whether it can be read or not: that there is one says that nobody wants the staging.
    await asFarAsLet(() => discardStaging(files));
  }
  await forgetDoneJournal(files);
  return done;
}

/** Removes staging, undo data that is in place again or too much, and the documents of releases that are neither installed nor the one before. */
async function tidy(files: FileSystem, { entry, placements, rewrites }: Journal): Promise<void> {
  await asFarAsLet(() => discardStaging(files));
  const placed = new Set([...placements, ...rewrites].map(({ piecesRoot }) => piecesRoot));
  await asFarAsLet(() => dropUndo(files, ({ piecesRoot }) => placed.has(piecesRoot)));
  if (entry !== undefined) await asFarAsLet(() => pruneUndo(files, entry.atMs));
  const state = await readState(files);
  const needed = new Set([state?.installed?.version, state?.history[0]]);
  for (const { name } of await files.list(RELEASES_DIRECTORY)) {
    if (!needed.has(name)) await asFarAsLet(() => removeTree(files, joinPath(RELEASES_DIRECTORY, name)));
  }
}

/** The release is in place: that something of the launcher's own cannot be removed, or is held by a scanner, is no failure of the update. */
async function asFarAsLet(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

async function forgetDoneJournal(files: FileSystem): Promise<void> {
  // The staging must not be there again, after a power cut, when this is not.
  await files.syncDirectories([STATE_DIRECTORY]);
  await files.remove(DONE_JOURNAL_PATH);
  // Nor must this come back when something else is staged.
  await files.syncDirectories([STATE_DIRECTORY]);
}
