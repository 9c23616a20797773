import type { ChannelRecord } from '@swarmpatch/release';
import type { CommandOutcome } from '@swarmpatch/terminal';

export function channelResult(record: ChannelRecord): CommandOutcome {
  const { game, channel, version, rollout, history } = record;
  const audience = rollout === undefined ? 'everyone' : `${rollout} % of installs`;
  return {
    document: { game, channel, version, ...(rollout !== undefined && { rollout }), previous: history[0] ?? null },
    text: `${channel} names ${version}, for ${audience}`,
  };
}
