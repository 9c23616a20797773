/** Files whose build defeats patching, as studios are told of them. */
import type { DefeatedFile, PatchSummary } from '@swarmpatch/api-contract';
import { formatBytes } from '@swarmpatch/terminal';

/** Those of all patches to a release, each with the most that it costs, the dearest first. */
export function mergeDefeated(patches: readonly PatchSummary[]): DefeatedFile[] {
  const byPath = new Map<string, DefeatedFile>();
  for (const file of patches.flatMap(({ defeated = [] }) => defeated)) {
    if (file.costBytes > (byPath.get(file.path)?.costBytes ?? -1)) byPath.set(file.path, file);
  }
  return [...byPath.values()].sort((left, right) => right.costBytes - left.costBytes);
}

/** Lines: the files with what they cost, and what to do; none for none. */
export function describeDefeated(files: readonly DefeatedFile[]): string[] {
  if (files.length === 0) return [];
  return [
    'The build defeats patching: these are compressed, encrypted or shuffled as a whole, and nearly all of them is new each time:',
    ...files.map(
      ({ path, bytes, costBytes }) => `  ${path}: ${formatBytes(costBytes)} to fetch, of ${formatBytes(bytes)}`,
    ),
    'Compress each asset in them by itself, in the same order each time and aligned, and patches hold just what changed.',
  ];
}
