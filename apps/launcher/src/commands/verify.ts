import { FileIndex, verifyInstall, type Verification } from '@swarmpatch/install';
import type { CommandContext, CommandOutcome, CommandSpec } from '@swarmpatch/terminal';
import { isLocked, type OpenInstall, withInstall } from '../install/open-install.ts';
import { readBeside, type ReadableInstall } from '../install/read-beside.ts';
import { inPhase } from '../move/phases.ts';
import type { InstalledManifest } from '../origin/release-source.ts';
import { openSession } from './open-session.ts';
import { depthOptions, dirOption, readDepth } from './options.ts';

export const verify: CommandSpec = {
  path: ['verify'],
  summary: 'compare the installed files with the signed release; needs no network',
  example: 'swarmpatch-launcher verify --dir ~/games/starfall',
  arguments: [],
  options: [dirOption, ...depthOptions],
  async run(input, context) {
    const depth = readDepth(input);
    const directory = input.requiredText('dir');
    try {
      return await withInstall(directory, 'verify', context, async (install) => {
        const { source } = await openSession(install, context);
        const release = await source.installedManifest(install.installed);
        const found = await verifyRelease(install, release, depth, context);
        if (isWhole(found) && depth === 'deep') await install.remember({ suspect: false });
        return outcomeOf(found);
      });
    } catch (error) {
      if (!isLocked(error)) throw error;
      return await readBeside(directory, error, async (install) => {
        const { source } = await openSession(install, context);
        const release = await source.installedManifest(install.installed);
        return outcomeOf((await compareRelease(install, release, depth, context)).found);
      });
    }
  },
};

function outcomeOf(found: Verification): CommandOutcome {
  const ok = isWhole(found);
  return { document: { ok, ...found }, text: describeVerification(found), exitCode: ok ? 0 : 1 };
}

export async function verifyRelease(
  install: OpenInstall,
  release: InstalledManifest,
  depth: 'quick' | 'deep',
  context: CommandContext,
): Promise<Verification> {
  const { index, found } = await compareRelease(install, release, depth, context);
  await index.save(install.files);
  return found;
}

async function compareRelease(
  { files, hasher }: ReadableInstall,
  { manifest, pieces }: InstalledManifest,
  depth: 'quick' | 'deep',
  context: CommandContext,
): Promise<{ index: FileIndex; found: Verification }> {
  const index = await FileIndex.load(files);
  const { signal } = context;
  const found = await inPhase(context, 'verify', (onProgress) =>
    verifyInstall({ files, hasher, index, manifest, pieces, depth, signal, onProgress }),
  );
  return { index, found };
}

export function isWhole({ damaged, missing }: Verification): boolean {
  return damaged.length === 0 && missing.length === 0;
}

export function describeVerification(found: Verification): string {
  const { damaged, missing, extra } = found;
  const lines = [
    ...damaged.map(({ path, pieces }) => `damaged ${path}${pieces.length > 0 ? ` (pieces ${pieces.join(', ')})` : ''}`),
    ...missing.map((path) => `missing ${path}`),
  ];
  const extras = extra.length > 0 ? `; files of your own: ${extra.length}` : '';
  const summary = isWhole(found) ? 'whole' : `${damaged.length} damaged, ${missing.length} missing`;
  return [...lines, `${summary}${extras}`].join('\n');
}
