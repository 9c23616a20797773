import { STATE_DIRECTORY } from '@swarmpatch/install';
import type { CommandContext } from '@swarmpatch/terminal';

import { CommandTransfers } from '../transfers/command-transfers.ts';
import type { Move } from './move-install.ts';
import type { MoveReport } from './move-report.ts';
import { unchangedReport } from './move-result.ts';
import { PlayableFiles } from './playable-files.ts';

/**
 * Leaves an install that is as it should be. Who asked for first files or for the API is told so: the files are in their
 * places.
 *
 * @throws {LauncherError} `glob_unmatched`, `api_failed`
 */
export async function leaveInstall(
  { install, source, settings }: Pick<Move, 'install' | 'source' | 'settings'>,
  context: CommandContext,
): Promise<MoveReport> {
  const { game } = install.state;
  const { version } = install.installed;
  const report = unchangedReport(game, version);
  if (!settings.firstFiles && !settings.api) return report;
  const transfers = await CommandTransfers.open(settings, install.files.absolute(STATE_DIRECTORY), context);
  try {
    const { manifest } = await source.installed(install.installed);
    const { paths: files } = new PlayableFiles(install.files, manifest, settings.firstFiles);
    if (files.length > 0) {
      const { seconds } = transfers;
      report.playableSeconds = seconds;
      transfers.announcePlayable({ name: `${game} ${version}`, seconds, directory: install.files.root, files });
    }
    transfers.announceDone();
  } catch (error) {
    transfers.announceFailure(error);
    throw error;
  } finally {
    await transfers.close();
  }
  return report;
}
