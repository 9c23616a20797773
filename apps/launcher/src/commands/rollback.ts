import { formatBytes, type CommandContext, type CommandSpec } from '@swarmpatch/terminal';
import { withInstall, type OpenInstall } from '../install/open-install.ts';
import { LauncherError } from '../launcher-error.ts';
import { moveInstall, type Move } from '../move/move-install.ts';
import { moveResult } from '../move/move-result.ts';
import { surveyInstall } from '../move/survey.ts';
import type { Release } from '../origin/release-source.ts';
import { transferOptions } from '../transfer-options.ts';
import { moveOf, openSession, refreshTrust, type Session } from './open-session.ts';
import { dirOption } from './options.ts';

export const rollback: CommandSpec = {
  path: ['rollback'],
  summary: 'go back to the release that was installed before; downloads only what was not kept',
  example: 'swarmpatch-launcher rollback --dir ~/games/starfall',
  arguments: [],
  options: [dirOption, ...transferOptions],
  async run(input, context) {
    return withInstall(input.requiredText('dir'), 'rollback', context, async (install) => {
      const [earlier] = install.state.history;
      if (earlier === undefined) {
        throw new LauncherError(
          'no_earlier_release',
          'roll back: found no release before this one, wanted one that was installed here; update with --version goes to any release',
        );
      }
      const session = await openSession(install, context);
      const refusal = await tryToRefresh(session, install, context);
      const release = await session.source.release(earlier);
      const move = moveOf(install, session, input);
      if (refusal !== undefined) await refuseDownload(refusal, move, release, context);
      return moveResult(await moveInstall(move, release, context));
    });
  },
};

/** @returns why nothing new could be learned; a release that was here before is known without it. */
async function tryToRefresh(
  session: Session,
  install: OpenInstall,
  context: CommandContext,
): Promise<Error | undefined> {
  try {
    await refreshTrust(session, install, context);
    return undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof Error) return error;
    throw error;
  }
}

/** Without an origin there is a way back where all of it is on this disk. @throws {Error} the refusal */
async function refuseDownload(refusal: Error, move: Move, release: Release, context: CommandContext): Promise<void> {
  const { plan } = await surveyInstall(move, release, context);
  const { downloadBytes } = plan.chosen;
  if (downloadBytes > 0) {
    context.warn(`going back takes ${formatBytes(downloadBytes)} that were not kept on this disk`);
    throw refusal;
  }
  context.warn(`going back with what is on this disk: ${refusal.message}`);
}
