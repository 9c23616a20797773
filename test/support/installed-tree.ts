import { type Build, readBuild, summarizeBuild } from '@swarmpatch/testkit';

export const STATE_DIRECTORY = '.swarmpatch';

/** Every file of an install but the launcher's own, one line each. */
export async function treeOf(directory: string): Promise<Record<string, string>> {
  return summarizeBuild(await readBuild(directory, { skip: [STATE_DIRECTORY] }));
}

export function bytesOf(build: Build): number {
  return build.reduce((sum, file) => sum + file.content.length, 0);
}
