import { setTimeout as sleep } from 'node:timers/promises';
import { once } from 'node:events';
import { PieceSet, STATE_DIRECTORY, type Verification } from '@swarmpatch/install';
import type { CommandSpec } from '@swarmpatch/terminal';
import { withInstall } from '../install/open-install.ts';
import { shareRelease } from '../move/release-sharing.ts';
import type { Release } from '../origin/release-source.ts';
import { ServedFiles } from '../seed/served-files.ts';
import { readTransferSettings, transferOptions } from '../transfer-options.ts';
import { CommandTransfers } from '../transfers/command-transfers.ts';
import { openSession } from './open-session.ts';
import { dirOption } from './options.ts';
import { verifyRelease } from './verify.ts';

export const seed: CommandSpec = {
  path: ['seed'],
  summary: 'serve the installed release to other players, straight from its files',
  example: 'swarmpatch-launcher seed --dir ~/games/starfall --max-upload 2MiB',
  arguments: [],
  options: [dirOption, ...transferOptions],
  async run(input, context) {
    return withInstall(input.requiredText('dir'), 'seed', context, async (install) => {
      const { origin, source } = await openSession(install, context);
      const release = await source.installed(install.installed);
      const found = await verifyRelease(install, release, 'quick', context);
      const have = wholePieces(release, found);
      const served = await ServedFiles.open(install.files, release.manifest);
      const settings = readTransferSettings(input);
      const transfers = await CommandTransfers.open(settings, install.files.absolute(STATE_DIRECTORY), context);
      const transfer = await shareRelease(
        release,
        { have, wanted: new PieceSet(have.pieceCount), locate: (fileIndex) => served.pathOf(fileIndex) },
        { origin, transfers },
        context,
      );
      const { host, port } = transfer.address ?? { host: '', port: 0 };
      try {
        context.emit(
          {
            ready: true,
            game: release.manifest.game,
            version: release.manifest.version,
            listen: `${host}:${port}`,
            pieces: have.size,
            pieceCount: have.pieceCount,
          },
          `Serving ${release.manifest.name} on port ${port}: ${have.size} of ${have.pieceCount} pieces; Ctrl-C ends it`,
        );
        await (settings.seedForMs === undefined
          ? ended(context.signal)
          : sleep(settings.seedForMs, undefined, { signal: context.signal }).catch(() => undefined));
      } finally {
        await transfers.close();
      }
      return undefined;
    });
  },
};

/** Every piece but those that the verification found wrong. */
function wholePieces({ manifest, pieces }: Release, found: Verification): PieceSet {
  const have = new PieceSet(pieces.pieceCount);
  have.addRange(0, pieces.pieceCount);
  const wrong = new Map<string, readonly number[] | 'all'>();
  for (const { path, pieces: damaged } of found.damaged) wrong.set(path, damaged);
  for (const path of found.missing) wrong.set(path, 'all');
  for (const [fileIndex, file] of manifest.files.entries()) {
    const first = pieces.firstPieceOf(fileIndex);
    const lost = wrong.get(file.path) ?? [];
    const count = pieces.pieceCountOf(fileIndex);
    const numbers = lost === 'all' ? Array.from({ length: count }, (_, piece) => piece) : lost;
    for (const piece of numbers) have.delete(first + piece);
  }
  return have;
}

async function ended(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
