import type { InstallState } from '@swarmpatch/install';
import { describeHolder, type LockHolder } from '@swarmpatch/node-io/file-system';
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
    const { files, state, holder } = await peekInstall(input.requiredText('dir'), 'status', context);
    const source = await ReleaseSource.open(files, state, new Origin(state.origin, context.signal).trustOf(state.game));
    const stale = state.refreshFailed || source.isStale(Date.now());
    const document = {
      game: state.game,
      version: state.installed?.version ?? null,
      channel: state.channel,
      state: describeState(state, holder),
      holder: holder === undefined ? null : documentOf(holder),
      stale,
      previous: state.history[0] ?? null,
      origin: state.origin,
      rootFingerprint: state.rootFingerprint,
      fingerprintFrom: state.fingerprintFrom,
    };
    const busy = holder === undefined ? '' : ` with ${describeHolder(holder)}`;
    const news = stale ? ', and the origin has not been heard of lately' : '';
    return {
      document,
      text: `${state.game} ${document.version ?? 'not installed yet'} on ${state.channel}: ${document.state}${busy}${news}`,
    };
  },
};

function documentOf({ pid, host, command, since }: LockHolder): object {
  return { pid, host, command, since };
}

function describeState(
  state: InstallState,
  holder: LockHolder | undefined,
): 'busy' | 'incomplete' | 'suspect' | 'installed' {
  if (holder !== undefined) return 'busy';
  if (state.installed === undefined) return 'incomplete';
  return state.suspect ? 'suspect' : 'installed';
}
