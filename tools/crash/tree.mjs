import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readBuild, summarizeBuild } from '@swarmpatch/testkit';

const STATE_DIRECTORY = '.swarmpatch';

/** Everything in an install but the launcher's own: a line for each path. */
export async function treeOf(directory) {
  return summarizeBuild(await readBuild(directory, { skip: [STATE_DIRECTORY] }));
}

/** @returns Some of the paths in which two trees differ, and how; undefined where they are the same. */
export function differenceOf(found, wanted) {
  if (isDeepStrictEqual(found, wanted)) return undefined;
  const paths = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].filter(
    (path) => found[path] !== wanted[path],
  );
  const told = paths
    .slice(0, 4)
    .map((path) => `${path}: found ${found[path] ?? 'nothing'}, wanted ${wanted[path] ?? 'nothing'}`);
  return `${paths.length} differ: ${told.join('; ')}`;
}

/** Does the tree hold every file of the release? */
export function holdsRelease(tree, release) {
  return Object.entries(release).every(([path, line]) => tree[path] === line);
}

/** The release with what else lies beside it. */
export function withOwn(release, own) {
  const lines = Object.entries(own)
    .filter(([path]) => release[path] === undefined)
    .map(([path, content]) => ({ path, content: Buffer.from(content), executable: false }));
  return { ...release, ...summarizeBuild(lines) };
}

/** @returns Paths of the player whose content is neither in its place nor among the kept files. */
export async function lostFiles(directory, own) {
  const lost = [];
  let kept;
  for (const [path, content] of Object.entries(own)) {
    const text = await readFile(join(directory, path), 'utf8').catch(() => undefined);
    if (text === content) continue;
    kept ??= await digestsBelow(join(directory, STATE_DIRECTORY, 'kept'));
    if (!kept.has(digest(Buffer.from(content)))) lost.push(path);
  }
  return lost;
}

/** What a finished command leaves of its own that it should have taken away; directories with nothing in them are none. */
export async function leftovers(directory) {
  const own = join(directory, STATE_DIRECTORY);
  const names = new Set((await filesBelow(own)).map((path) => relative(own, path).split('/', 1)[0]));
  return [...names].filter(
    (name) =>
      name.endsWith('.tmp') ||
      name.startsWith('lock') ||
      ['journal', 'journal.done', 'staging', 'playable'].includes(name),
  );
}

export async function filesBelow(directory) {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function digestsBelow(directory) {
  const paths = await filesBelow(directory);
  return new Set(await Promise.all(paths.map(async (path) => digest(await readFile(path)))));
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
