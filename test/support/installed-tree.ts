import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Build, readBuild, summarizeBuild } from '@swarmpatch/testkit';

export const STATE_DIRECTORY = '.swarmpatch';

/** Every file of an install but the launcher's own, one line each. */
export async function treeOf(directory: string): Promise<Record<string, string>> {
  return summarizeBuild(await readBuild(directory, { skip: [STATE_DIRECTORY] }));
}

/**
 * Copies an install to where nothing is, with every time of change to the nanosecond: without these, all files of the copy would
 * be read again.
 *
 * @returns Where it is.
 */
export async function copyInstall(from: string, to: string): Promise<string> {
  await promisify(execFile)('cp', ['-a', from, to]);
  return to;
}

/** What an empty install has to fetch: content that several files have comes once. */
export function distinctBytesOf(build: Build): number {
  const lengths = new Map(build.map(({ content }) => [Buffer.from(content).toString('latin1'), content.length]));
  return [...lengths.values()].reduce((sum, length) => sum + length, 0);
}

export function bytesOf(build: Build): number {
  return build.reduce((sum, file) => sum + file.content.length, 0);
}
