import type { InstallState } from '@swarmpatch/install';
import type { CommandSpec } from '@swarmpatch/terminal';
import { peekInstall } from '../install/peek-install.ts';
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
    const { files, state, isBusy } = await peekInstall(input.requiredText('dir'), 'status', context);
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

function describeState(state: InstallState, isBusy: boolean): 'busy' | 'incomplete' | 'suspect' | 'installed' {
  if (isBusy) return 'busy';
  if (state.installed === undefined) return 'incomplete';
  return state.suspect ? 'suspect' : 'installed';
}
