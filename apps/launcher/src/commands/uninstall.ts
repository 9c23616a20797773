import { rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FileIndex, STATE_DIRECTORY, uninstall as removeInstall, type Uninstalled } from '@swarmpatch/install';
import { formatBytes, type CommandContext, type CommandSpec } from '@swarmpatch/terminal';
import { withInstall, type OpenInstall } from '../install/open-install.ts';
import { inPhase } from '../move/phases.ts';
import { openSession } from './open-session.ts';
import { dirOption } from './options.ts';

export const uninstall: CommandSpec = {
  path: ['uninstall'],
  summary: 'remove the game, and nothing that is yours; asks no questions',
  example: 'swarmpatch-launcher uninstall --dir ~/games/starfall',
  arguments: [],
  options: [dirOption],
  async run(input, context) {
    const directory = input.requiredText('dir');
    const root = resolve(directory);
    try {
      const { removed, state } = await withInstall(directory, 'uninstall', context, async (install) => ({
        removed: await remove(install, context),
        state: install.state,
      }));
      const { game, installed, directoryMade } = state;
      await removeIfEmpty(join(root, STATE_DIRECTORY));
      if (directoryMade) await removeIfEmpty(root);
      return { document: { game, version: installed?.version ?? null, ...removed }, text: describe(game, removed) };
    } finally {
      // All that a run that was killed at its very end leaves.
      await removeIfEmpty(join(root, STATE_DIRECTORY));
    }
  },
};

async function remove(install: OpenInstall, context: CommandContext): Promise<Uninstalled> {
  const { files, hasher, state } = install;
  const { source } = await openSession(install, context);
  const manifest = state.installed && (await source.installedManifest(state.installed)).manifest;
  const index = await FileIndex.load(files);
  return inPhase(context, 'remove', (onProgress) =>
    removeInstall({ files, hasher, index, state, manifest, signal: context.signal, onProgress }),
  );
}

function describe(game: string, { removedFiles, removedBytes, changed, extra, kept }: Uninstalled): string {
  const lines = [
    ...changed.map((path) => `left ${path}: you changed it`),
    ...extra.map((path) => `left ${path}: it is yours`),
    ...kept.map((path) => `left ${path}: it is yours, and was in the way of a release`),
  ];
  return [...lines, `${game} is removed: ${removedFiles} files, ${formatBytes(removedBytes)}`].join('\n');
}

/** Where something is left, or where this may not be removed, it stays. */
async function removeIfEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(() => undefined);
}
