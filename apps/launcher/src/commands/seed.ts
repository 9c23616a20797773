import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { STATE_DIRECTORY } from '@swarmpatch/install';
import type { CommandContext, CommandSpec } from '@swarmpatch/terminal';

import { SeededInstall } from '../seed/seeded-install.ts';
import { readTransferSettings, superSeedOption, transferOptions } from '../transfer-options.ts';
import { CommandTransfers } from '../transfers/command-transfers.ts';
import { dirOption } from './options.ts';

/** How often it is looked whether another release was installed. */
const FOLLOW_MS = 2_000;

export const seed: CommandSpec = {
  path: ['seed'],
  summary: 'serve the installed release to other players, straight from its files',
  example: 'swarmpatch-launcher seed --dir ~/games/starfall --max-upload 2MiB',
  arguments: [],
  options: [
    { ...dirOption, repeatable: true, description: 'where the game is; several are served under one set of limits' },
    ...transferOptions,
    superSeedOption,
  ],
  async run(input, context) {
    const directories = input.list('dir');
    const stateDirectory = join(resolve(directories[0] ?? '.'), STATE_DIRECTORY);
    const settings = { ...readTransferSettings(input), superSeed: input.flag('super-seed') };
    const transfers = await CommandTransfers.open(settings, stateDirectory, context);
    try {
      const installs: SeededInstall[] = [];
      for (const directory of directories) installs.push(await SeededInstall.open(directory, transfers, context));
      announce(installs, context);
      const signals = settings.seedForMs === undefined ? [] : [AbortSignal.timeout(settings.seedForMs)];
      await follow(installs, { ...context, signal: AbortSignal.any([context.signal, ...signals]) });
    } finally {
      await transfers.close();
    }
    return undefined;
  },
};

function announce(installs: readonly SeededInstall[], context: CommandContext): void {
  const { host, port } = installs[0]?.address ?? { host: '', port: 0 };
  const seedings = installs.map(({ seeding }) => seeding);
  const documents = seedings.map(({ directory, game, version, pieces, pieceCount, patches }) => ({
    dir: directory,
    game,
    version,
    pieces,
    pieceCount,
    patches,
  }));
  const named = seedings.map(({ title, pieces, pieceCount, patches }) => {
    const beside = patches > 0 ? ` and ${patches} patches` : '';
    return `${title}, ${pieces} of ${pieceCount} pieces${beside}`;
  });
  context.emit(
    {
      ready: true,
      listen: `${host}:${port}`,
      ...documents[0],
      ...(documents.length > 1 ? { installs: documents } : {}),
    },
    `Serving ${named.join('; ')} on port ${port}; Ctrl-C ends it`,
  );
}

/** Until the end that was asked for. */
async function follow(installs: readonly SeededInstall[], context: CommandContext): Promise<void> {
  const { signal } = context;
  while (!signal.aborted) {
    await sleep(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
    for (const install of installs) {
      if (signal.aborted || !(await install.follow())) continue;
      const { title, version, pieces, pieceCount } = install.seeding;
      context.warn(`now serving ${title} ${version}: ${pieces} of ${pieceCount} pieces`);
    }
  }
}
