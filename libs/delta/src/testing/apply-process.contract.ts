/**
 * A process that applies a patch to nothing and says what it took: run with the path of the patch and how many old files there are.
 * Old files are `oldFile`s; new content is the pattern that repeats.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { applyPatch } from '../apply/apply-patch.ts';
import { FileTable } from '../file-table.ts';
import { openPatch } from '../format/open-patch.ts';
import { resolveTrees } from '../new-tree.ts';
import type { TreeFile } from '../tree.ts';
import { decompressor } from './memory-patch.contract.ts';

export const PATTERN_BYTES: number = 64 * 1024;

export interface ApplyOutcome {
  /** What the peak of memory is above what the process had before it opened the patch. */
  readonly peakBytes: number;
  readonly writtenFiles: number;
  readonly writtenBytes: number;
  readonly failedFiles: number;
  /** Empty when there was no error. */
  readonly errorCode: string;
}

export function patternOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Math.imul((index % PATTERN_BYTES) + 1, 2_654_435_761) >>> 24);
}

export function oldFile(index: number): TreeFile {
  const group = String(Math.floor(index / 1000)).padStart(3, '0');
  const path = `assets/textures/group_${group}/texture_of_block_${String(index).padStart(6, '0')}_normal.png`;
  return { path, lengthBytes: 100, executable: false };
}

async function main(patchPath: string, oldFileCount: number): Promise<ApplyOutcome> {
  const old = new FileTable();
  const pattern = patternOf(2 * PATTERN_BYTES);
  const handle = openSync(patchPath, 'r');
  const before = process.memoryUsage.rss();
  let [writtenFiles, writtenBytes, failedFiles] = [0, 0, 0];
  let errorCode = '';
  try {
    for (let index = 0; index < oldFileCount; index += 1) old.add(oldFile(index));
    const patch = await openPatch(
      {
        length: fstatSync(handle).size,
        async read(offset, length) {
          const bytes = new Uint8Array(length);
          readSync(handle, bytes, 0, length, offset);
          return bytes;
        },
      },
      decompressor,
    );
    await applyPatch(patch, resolveTrees(patch, old), {
      readOld: () => undefined,
      readNew: (_, offset, target) => {
        const from = offset % PATTERN_BYTES;
        target.set(pattern.subarray(from, from + target.length));
      },
      write: (_, __, bytes) => {
        writtenBytes += bytes.length;
      },
      finish: ({ status }) => {
        if (status === 'done') writtenFiles += 1;
        else failedFiles += 1;
      },
    });
  } catch (error) {
    errorCode = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  closeSync(handle);
  return { peakBytes: peakRssBytes() - before, writtenFiles, writtenBytes, failedFiles, errorCode };
}

function peakRssBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

const [, script = '', patchPath, oldFileCount] = process.argv;
if (import.meta.url === pathToFileURL(script).href && patchPath !== undefined) {
  process.stdout.write(JSON.stringify(await main(patchPath, Number(oldFileCount))));
}
