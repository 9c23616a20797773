import { resolve } from 'node:path';
import { InstallError, readState, recover, type InstallState } from '@swarmpatch/install';
import { DiskFileSystem, lockInstall } from '@swarmpatch/node-io/file-system';
import type { CommandContext, CommandSpec } from '@swarmpatch/terminal';
import { refuseOther, report } from '../install/open-install.ts';
import { Origin } from '../origin/origin.ts';
import { ReleaseSource } from '../origin/release-source.ts';
import { dirOption } from './options.ts';

export const status: CommandSpec = {
  path: ['status'],
  summary: 'tell what is installed; needs no network',
  example: 'swarmpatch-launcher status --dir ~/games/starfall',
  arguments: [],
  options: [dirOption],
  async run(input, context) {
    const directory = input.requiredText('dir');
    const files = new DiskFileSystem(resolve(directory));
    await refuseOther(files, directory);
    const isBusy = await recoverUnlessBusy(files, context);
    const state = await readState(files);
    if (state === undefined)
      throw new InstallError(
        'not_installed',
        `read ${directory}: found an install that never began; run install again`,
      );
    const source = await ReleaseSource.open(files, state, new Origin(state.origin, context.signal).trustOf(state.game));
    const stale = state.refreshFailed || source.isStale(Date.now());
    const document = {
      game: state.game,
      version: state.installed?.version ?? null,
      channel: state.channel,
      state: describeState(state, isBusy),
      stale,
      previous: state.history[0] ?? null,
      origin: state.origin,
      rootFingerprint: state.rootFingerprint,
      fingerprintFrom: state.fingerprintFrom,
    };
    const news = stale ? ', and the origin has not been heard of lately' : '';
    return {
      document,
      text: `${state.game} ${document.version ?? 'not installed yet'} on ${state.channel}: ${document.state}${news}`,
    };
  },
};

/** @returns whether another process works on the install; that one recovers it. */
async function recoverUnlessBusy(files: DiskFileSystem, context: CommandContext): Promise<boolean> {
  try {
    const lock = await lockInstall(files, 'status');
    try {
      report(await recover(files), context);
    } finally {
      await lock.release();
    }
    return false;
  } catch (error) {
    if (error instanceof InstallError && error.code === 'install_locked') return true;
    throw error;
  }
}

function describeState(state: InstallState, isBusy: boolean): 'busy' | 'incomplete' | 'suspect' | 'installed' {
  if (isBusy) return 'busy';
  if (state.installed === undefined) return 'incomplete';
  return state.suspect ? 'suspect' : 'installed';
}
