import { ancestorsOf, type FileSystem } from './file-system.ts';
import { InstallError } from './install-error.ts';

/**
 * Refuses paths that lead through a link: `D/mods -> /elsewhere` must not make an update write or delete in `/elsewhere`.
 * Asked when an update is planned, and again for each directory right before its files are changed.
 *
 * @param leaving Links that the commit takes away before it enters a directory of that name.
 * @throws {InstallError} `parent_is_link`
 */
export async function refuseLinkedParents(
  files: FileSystem,
  paths: Iterable<string>,
  leaving: ReadonlySet<string> = new Set(),
): Promise<void> {
  const directories = new Set<string>();
  for (const path of paths) for (const directory of ancestorsOf(path)) directories.add(directory);
  const ordered = [...directories];
  const stats = await files.statAll(ordered);
  for (const [index, directory] of ordered.entries())
    if (stats[index]?.kind === 'link' && !leaving.has(directory)) throw linkedParent(directory);
}

export function linkedParent(directory: string): InstallError {
  return new InstallError(
    'parent_is_link',
    `enter ${directory}: found a link, wanted a directory of the install; remove the link, or put the directory that it leads to in its place, and run the command again; nothing that it leads to was touched`,
    { path: directory },
  );
}
