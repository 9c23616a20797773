// Between the journal and the end of a commit there may be days, if the power went off. What somebody put at a path meanwhile is told
// from what stood there when the journal was written, and is neither removed nor replaced.
import { ancestorsOf, isSameFile, type FileStat, type FileSystem } from './file-system.ts';
import type { FoundFile, Journal, KeptFile, Placement } from './journal.ts';
import { KEPT_DIRECTORY } from './layout.ts';

/** @returns what stands at these paths now, as a journal says it. */
export async function describeFound(files: FileSystem, paths: readonly string[]): Promise<FoundFile[]> {
  const stats = await files.statAll(paths);
  return paths.flatMap((path, index) => {
    const stat = stats[index];
    if (stat?.kind !== 'file' && stat?.kind !== 'link') return [];
    return [{ path, kind: stat.kind, lengthBytes: stat.lengthBytes, mtimeMs: stat.mtimeMs }];
  });
}

/** The journal without removing and keeping what is not what it found. */
export async function spareStrangers(files: FileSystem, journal: Journal): Promise<Journal> {
  const found = foundIn(journal);
  const paths = [...journal.removed, ...journal.undo.map(({ path }) => path)];
  const stats = await files.statAll(paths);
  const strange = new Set(paths.filter((path, index) => isStrange(stats[index], found.get(path))));
  if (strange.size === 0) return journal;
  return {
    ...journal,
    removed: journal.removed.filter((path) => !strange.has(path)),
    undo: journal.undo.filter(({ path }) => !strange.has(path)),
  };
}

/**
 * What stands where something is to be placed once way was made, or where a directory is to be made, and is neither what the journal found
 * there nor what it puts there.
 *
 * @returns with the place in `.swarmpatch/kept` where it goes.
 */
export async function findStrangers(
  files: FileSystem,
  journal: Journal,
  waiting: readonly Placement[],
): Promise<KeptFile[]> {
  const found = foundIn(journal);
  const places = await files.statAll(waiting.map(({ path }) => path));
  const directories = await files.statAll(journal.directories);
  const inTheWay = [
    ...waiting
      .filter((placement, index) => {
        const stat = places[index];
        return !isAsStaged(placement, stat) && isStrange(stat, found.get(placement.path));
      })
      .map(({ path }) => path),
    ...journal.directories.filter((_, index) => (directories[index]?.kind ?? 'directory') !== 'directory'),
  ];
  return nameKept(files, journal.state.installed.version, inTheWay.sort());
}

/** Every time files are kept under a directory of its own, so that nothing kept is ever replaced. */
export async function nameKept(files: FileSystem, version: string, paths: readonly string[]): Promise<KeptFile[]> {
  if (paths.length === 0) return [];
  const taken = new Set((await files.list(KEPT_DIRECTORY)).map((entry) => entry.name));
  let label = version;
  for (let attempt = 2; taken.has(label); attempt += 1) label = `${version}-${attempt}`;
  const above = new Set(paths.flatMap(ancestorsOf));
  return paths.map((path) => ({ path, to: `${KEPT_DIRECTORY}/${label}/${path}${above.has(path) ? '~' : ''}` }));
}

export function isAsStaged(placement: Placement, stat: FileStat | undefined): boolean {
  if (stat === undefined) return false;
  if (stat.kind === 'link') return placement.piecesRoot === undefined;
  return stat.kind === 'file' && stat.lengthBytes === placement.lengthBytes && stat.mtimeMs === placement.mtimeMs;
}

function foundIn(journal: Journal): Map<string, FoundFile> {
  return new Map(journal.found.map((file) => [file.path, file]));
}

function isStrange(now: FileStat | undefined, found: FoundFile | undefined): boolean {
  return now !== undefined && (found === undefined || !isSameFile(found, now));
}
