import { historyAfter, readHistory, type InstalledRelease } from '@swarmpatch/install';
import type { CommandContext } from '@swarmpatch/terminal';
import type { ReleaseSource } from '../origin/release-source.ts';
import type { OpenInstall } from './open-install.ts';

/**
 * Finds out what was installed here before the state was lost: the history tells, and is believed where the signed documents of that
 * release are still here. What it owns is known again then, and looked at as a whole.
 */
export async function recallInstalled(
  install: OpenInstall,
  source: ReleaseSource,
  context: Pick<CommandContext, 'warn'>,
): Promise<void> {
  const moves = await readHistory(install.files);
  const installed = moves[0] && (await source.kept(moves[0].to));
  if (installed === undefined) return;
  let state = install.state;
  for (const { to } of moves.toReversed()) {
    const release: InstalledRelease = { ...installed, version: to };
    state = { ...state, history: historyAfter(state, to), installed: release };
  }
  await install.remember({ installed, history: state.history, suspect: true });
  context.warn(`nothing said what is installed here but the history: ${installed.version}; every file is looked at`);
}
