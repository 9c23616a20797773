/**
 * Where a link points, from the top of the torrent.
 *
 * @param linkPath The link itself, relative to the top.
 * @param linkText What it says: relative to its own directory, components separated by `/`.
 * @returns Undefined when it is absolute, leaves the top, or is the top itself.
 */
export function targetOfLink(linkPath: string, linkText: string): string | undefined {
  if (linkText === '' || linkText.startsWith('/')) return undefined;
  const target = linkPath.split('/').slice(0, -1);
  for (const component of linkText.split('/')) {
    if (component === '' || component === '.') continue;
    if (component !== '..') target.push(component);
    else if (target.pop() === undefined) return undefined;
  }
  return target.length === 0 ? undefined : target.join('/');
}

/**
 * What a link says to point at a target: `..` only in front, so that it cannot leave the top by way of another link.
 *
 * @param linkPath The link itself, relative to the top.
 * @param targetPath Relative to the top.
 */
export function linkTextTo(linkPath: string, targetPath: string): string {
  const from = linkPath.split('/').slice(0, -1);
  const to = targetPath.split('/');
  let shared = 0;
  while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared += 1;
  return [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/');
}
