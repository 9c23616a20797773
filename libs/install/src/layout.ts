/** The launcher's own directory; all names below are relative to the install. */
export const STATE_DIRECTORY = '.swarmpatch';

export const STATE_PATH: string = `${STATE_DIRECTORY}/state`;
export const FILE_INDEX_PATH: string = `${STATE_DIRECTORY}/files`;
export const JOURNAL_PATH: string = `${STATE_DIRECTORY}/journal`;
/** A journal of which all is done: what is staged is nobody's any more. */
export const DONE_JOURNAL_PATH: string = `${STATE_DIRECTORY}/journal.done`;
/** A journal that failed its checksum, kept for whoever looks into it. */
export const BAD_JOURNAL_PATH: string = `${STATE_DIRECTORY}/journal.bad`;
export const LOCK_PATH: string = `${STATE_DIRECTORY}/lock`;
export const TRUST_DIRECTORY: string = `${STATE_DIRECTORY}/trust`;
export const RELEASES_DIRECTORY: string = `${STATE_DIRECTORY}/releases`;
export const STAGING_DIRECTORY: string = `${STATE_DIRECTORY}/staging`;
/** Content that arrives, one file for each pieces root; what is whole in it survives a restart. */
export const STAGED_CONTENT_DIRECTORY: string = `${STAGING_DIRECTORY}/content`;
/** Which pieces that content has, one file for each torrent, so that it is not read again. */
export const STAGED_RESUME_DIRECTORY: string = `${STAGING_DIRECTORY}/resume`;
/** Content of releases on the way to the target, for the next patch of a chain or for pieces; emptied at every start. */
export const STAGED_LINKS_DIRECTORY: string = `${STAGING_DIRECTORY}/links`;
/** Links and copies made last, right before the journal; emptied at every start, since a link shares its bytes with the install. */
export const STAGED_NAMES_DIRECTORY: string = `${STAGING_DIRECTORY}/names`;
/** Patches that are fetched, and those that are kept to serve them. */
export const PATCHES_DIRECTORY: string = `${STATE_DIRECTORY}/patches`;
/** Files of a release that are shown before it is committed; emptied at every start. */
export const PLAYABLE_DIRECTORY: string = `${STATE_DIRECTORY}/playable`;
/** Length and time of change of each, to tell them from what others write there. */
export const PLAYABLE_LIST_PATH: string = `${STATE_DIRECTORY}/playable.json`;
/** Content that commits took out of the install, to go back to: a directory for each commit. */
export const UNDO_DIRECTORY: string = `${STATE_DIRECTORY}/undo`;
export const HISTORY_PATH: string = `${STATE_DIRECTORY}/history`;
/** Files of the player that were in the way of a release. */
export const KEPT_DIRECTORY: string = `${STATE_DIRECTORY}/kept`;

export function releaseDirectory(version: string): string {
  return `${RELEASES_DIRECTORY}/${version}`;
}

export function manifestPath(version: string): string {
  return `${releaseDirectory(version)}/manifest.json`;
}

export function torrentPath(version: string): string {
  return `${releaseDirectory(version)}/release.torrent`;
}

export function stagedContentPath(piecesRoot: string): string {
  return `${STAGED_CONTENT_DIRECTORY}/${piecesRoot}`;
}

/** Content of a release on the way to the target. */
export function linkContentPath(piecesRoot: string): string {
  return `${STAGED_LINKS_DIRECTORY}/${piecesRoot}`;
}

export function isStatePath(path: string): boolean {
  return path === STATE_DIRECTORY || path.startsWith(`${STATE_DIRECTORY}/`);
}
