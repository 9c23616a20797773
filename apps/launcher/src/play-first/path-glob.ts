import { UsageError } from '@swarmpatch/terminal';

export const GLOB_CHARACTERS_MAX = 1024;

/**
 * A test of paths: `*` is anything but a slash, `?` one character but a slash, and `**` any number of directories. A glob
 * without a slash is of file names in any directory.
 *
 * @throws {UsageError}
 */
export function parseGlob(glob: string): (path: string) => boolean {
  if (glob === '' || glob.length > GLOB_CHARACTERS_MAX) {
    throw new UsageError(
      `read --play-first: found ${glob.length} characters, wanted 1 to ${GLOB_CHARACTERS_MAX}, such as 'data/level1/**'`,
    );
  }
  const segments = (glob.includes('/') ? glob : `**/${glob}`).replace(/^\//, '').split('/');
  return (path) => matchesFrom(segments, path.split('/'));
}

/** Goes back to the last `**` alone, so that no glob takes more than a step for each pair of segments. */
function matchesFrom(globs: readonly string[], segments: readonly string[]): boolean {
  let [atGlob, at] = [0, 0];
  let retry: { glob: number; at: number } | undefined;
  while (at < segments.length) {
    const glob = globs[atGlob];
    if (glob === '**') {
      retry = { glob: atGlob, at };
      atGlob += 1;
      if (atGlob === globs.length) return true;
    } else if (glob !== undefined && matchesSegment(glob, segments[at] ?? '')) {
      atGlob += 1;
      at += 1;
    } else if (retry) {
      retry.at += 1;
      at = retry.at;
      atGlob = retry.glob + 1;
    } else return false;
  }
  return atGlob === globs.length;
}

function matchesSegment(glob: string, text: string): boolean {
  let [atGlob, at] = [0, 0];
  let retry: { glob: number; at: number } | undefined;
  while (at < text.length) {
    const letter = glob[atGlob];
    if (letter === '*') {
      retry = { glob: atGlob, at };
      atGlob += 1;
    } else if (letter !== undefined && (letter === '?' || letter === text[at])) {
      atGlob += 1;
      at += 1;
    } else if (retry) {
      retry.at += 1;
      at = retry.at;
      atGlob = retry.glob + 1;
    } else return false;
  }
  while (glob[atGlob] === '*') atGlob += 1;
  return atGlob === glob.length;
}
