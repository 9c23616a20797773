import { discardStaging, prunePatches, pruneUndo } from '@swarmpatch/install';
import type { CommandContext, CommandInput, CommandOutcome, CommandSpec } from '@swarmpatch/terminal';
import { withInstall, type OpenInstall } from '../install/open-install.ts';
import { recallInstalled } from '../install/recalled-release.ts';
import { moveInstall } from '../move/move-install.ts';
import { moveResult } from '../move/move-result.ts';
import { leaveInstall } from '../move/unchanged-install.ts';
import { transferOptions } from '../transfer-options.ts';
import { moveOf, openSession, refreshTrust } from './open-session.ts';
import { dirOption, versionOption } from './options.ts';

export const update: CommandSpec = {
  path: ['update'],
  summary: 'bring a game to the release that its channel names',
  example: 'swarmpatch-launcher update --dir ~/games/starfall',
  arguments: [],
  options: [dirOption, versionOption, ...transferOptions],
  async run(input, context) {
    return withInstall(input.requiredText('dir'), 'update', context, (install) =>
      updateInstall(install, input, context),
    );
  },
};

/** Moves an install to the version asked for, or to its channel's. */
export async function updateInstall(
  install: OpenInstall,
  input: CommandInput,
  context: CommandContext,
): Promise<CommandOutcome> {
  const named = input.text('version');
  const session = await openSession(install, context);
  await refreshTrust(session, install, context);
  if (install.state.installed === undefined) await recallInstalled(install, session.source, context);
  const { state } = install;
  const version = named ?? (await session.source.versionOf(state.channel, state.installId));
  if (version === state.installed?.version && !state.suspect) {
    await discardStaging(install.files);
    await prunePatches(install.files, Date.now());
    await pruneUndo(install.files, Date.now());
    return moveResult(await leaveInstall(moveOf(install, session, input), context));
  }
  const release = await session.source.release(version);
  return moveResult(await moveInstall(moveOf(install, session, input), release, context));
}
