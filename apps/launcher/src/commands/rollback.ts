import type { CommandSpec } from '@swarmpatch/terminal';
import { withInstall } from '../install/open-install.ts';
import { LauncherError } from '../launcher-error.ts';
import { moveInstall } from '../move/move-install.ts';
import { moveResult } from '../move/move-result.ts';
import { transferOptions } from '../transfer-options.ts';
import { moveOf, openSession, refreshTrust } from './open-session.ts';
import { dirOption } from './options.ts';

export const rollback: CommandSpec = {
  path: ['rollback'],
  summary: 'go back to the release that was installed before',
  example: 'swarmpatch-launcher rollback --dir ~/games/starfall',
  arguments: [],
  options: [dirOption, ...transferOptions],
  async run(input, context) {
    return withInstall(input.requiredText('dir'), 'rollback', context, async (install) => {
      const [earlier] = install.state.history;
      if (earlier === undefined) {
        throw new LauncherError(
          'no_earlier_release',
          'roll back: found no release before this one, wanted one that was installed here',
        );
      }
      const session = await openSession(install, context);
      await refreshTrust(session, install, context);
      const release = await session.source.release(earlier);
      return moveResult(await moveInstall(moveOf(install, session, input), release, context));
    });
  },
};
