import { FileIndex, verifyInstall, type Verification } from '@swarmpatch/install';
import type { CommandContext, CommandSpec } from '@swarmpatch/terminal';
import { withInstall, type OpenInstall } from '../install/open-install.ts';
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
    return withInstall(input.requiredText('dir'), 'verify', context, async (install) => {
      const { source } = await openSession(install, context);
      const release = await source.installedManifest(install.installed);
      const found = await verifyRelease(install, release, depth, context);
      const ok = isWhole(found);
      if (ok) await install.remember({ suspect: false });
      return { document: { ok, ...found }, text: describeVerification(found), exitCode: ok ? 0 : 1 };
    });
  },
};

export async function verifyRelease(
  install: OpenInstall,
  { manifest, pieces }: InstalledManifest,
  depth: 'quick' | 'deep',
  context: CommandContext,
): Promise<Verification> {
  const { files, hasher } = install;
  const index = await FileIndex.load(files);
  const { signal } = context;
  const found = await inPhase(context, 'verify', (onProgress) =>
    verifyInstall({ files, hasher, index, manifest, pieces, depth, signal, onProgress }),
  );
  await index.save(files);
  return found;
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
