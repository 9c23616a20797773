import type { PatchFile, TreeFile } from '../tree.ts';
import type { FileCost } from './file-costs.ts';

/** A file whose build defeats patching. */
export interface DefeatedFile {
  readonly path: string;
  readonly lengthBytes: number;
  /** About what players fetch for it, again with each release. */
  readonly costBytes: number;
}

/** Files that are named for one patch. */
export const DEFEATED_FILES_MAX = 5;
/** Smaller files are single assets that were made anew, and not worth a word. */
const LENGTH_BYTES_MIN = 1024 * 1024;
/** Compressed, encrypted or finely shuffled bytes have nearly eight bits of entropy each. */
const ENTROPY_BITS_MIN = 7.5;
/** Of a file's bytes, those that nothing was found for; with fewer, patching is not defeated. */
const LITERAL_SHARE_MIN = 0.5;
/** Less of a file is a placeholder, not the file as it was before. */
const PREDECESSOR_SHARE_MIN = 0.5;
/** Of the release's bytes, what such files cost together; with less, they are assets that were made anew, and nothing to change. */
const RELEASE_SHARE_MIN = 0.05;
/** Of 64 KiB each, to tell the entropy of a file. */
const SAMPLE_COUNT_MAX = 16;
const SAMPLE_BYTES = 64 * 1024;

/**
 * Finds the files whose build defeats patching: the old release has them, at the same path or at one that differs in its numbers,
 * and yet most of their bytes are like nothing that players have, because they are compressed or mixed as a whole.
 *
 * A texture that was encoded anew looks the same from here, and is just what a patch has to bring. What tells a pack is how much of
 * the game is in it: so files are named only if they cost 5 % of the release or more, all of them together, as there are builds of a
 * hundred packs.
 *
 * @param old The old release.
 * @param fresh The new release.
 * @param written Those of the new release that the patch writes.
 * @param costs Of each of these.
 * @returns The dearest first.
 */
export async function findDefeatedFiles(
  old: readonly TreeFile[],
  fresh: readonly TreeFile[],
  written: readonly PatchFile[],
  costs: readonly FileCost[],
): Promise<DefeatedFile[]> {
  const predecessorOf = predecessors(old, fresh);
  const releaseBytes = fresh.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const defeated: DefeatedFile[] = [];
  for (const [index, file] of written.entries()) {
    const { path, lengthBytes } = file;
    const { literalBytes = 0 } = costs[index] ?? {};
    if (lengthBytes < LENGTH_BYTES_MIN || literalBytes < LITERAL_SHARE_MIN * lengthBytes) continue;
    if ((predecessorOf(path)?.lengthBytes ?? 0) < PREDECESSOR_SHARE_MIN * lengthBytes) continue;
    const bits = entropyBits(await countSamples(file));
    if (bits < ENTROPY_BITS_MIN) continue;
    defeated.push({ path, lengthBytes, costBytes: Math.round((literalBytes * bits) / 8) });
  }
  const costBytes = defeated.reduce((sum, file) => sum + file.costBytes, 0);
  if (costBytes < RELEASE_SHARE_MIN * releaseBytes) return [];
  return defeated.sort((a, b) => b.costBytes - a.costBytes || (a.path < b.path ? -1 : 1)).slice(0, DEFEATED_FILES_MAX);
}

/** Shannon's entropy of byte counts, in bits a byte; 0 for no bytes. */
export function entropyBits(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log2(count / total)), 0);
}

/** What a path's file was in the old release: there are builds with a version in the names of their packs. */
function predecessors(old: readonly TreeFile[], fresh: readonly TreeFile[]): (path: string) => TreeFile | undefined {
  const staying = new Set(fresh.map(({ path }) => path));
  const byPath = new Map(old.map((file) => [file.path, file]));
  const goneByName = new Map(
    old.filter(({ path }) => !staying.has(path)).map((file) => [withoutNumbers(file.path), file]),
  );
  return (path) => byPath.get(path) ?? goneByName.get(withoutNumbers(path));
}

function withoutNumbers(path: string): string {
  return path.replaceAll(/\d+/g, '0');
}

async function countSamples({ lengthBytes, source }: PatchFile): Promise<Float64Array> {
  const counts = new Float64Array(256);
  const count = Math.min(SAMPLE_COUNT_MAX, Math.ceil(lengthBytes / SAMPLE_BYTES));
  for (let index = 0; index < count; index += 1) {
    const offset = Math.floor((index * lengthBytes) / count);
    const bytes = await source.read(offset, Math.min(SAMPLE_BYTES, lengthBytes - offset));
    for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  }
  return counts;
}
