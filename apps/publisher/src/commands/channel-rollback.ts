import { channelNameForm, rollBackChannel } from '@swarmpatch/release';
import type { CommandSpec } from '@swarmpatch/terminal';
import { PublishError } from '../publish-error.ts';
import { channelResult } from './channel-result.ts';
import { gameOption, keysOption, openStudio, originOption, readOrigin, requiredTokenOption } from './options.ts';

export const channelRollback: CommandSpec = {
  path: ['channel', 'rollback'],
  summary: 'let a channel name the release before',
  example: 'swarmpatch channel rollback stable --game starfall --origin https://origin.example --token … --keys ./keys',
  arguments: [{ name: 'channel', description: 'the channel', form: channelNameForm }],
  options: [gameOption, originOption, requiredTokenOption, keysOption],
  async run(input, context) {
    const channel = input.argument('channel');
    const origin = readOrigin(input, context);
    const studio = await openStudio(input, origin);
    const record = await studio.setChannel(async () => {
      const current = await studio.channel(channel);
      if (current !== undefined) return rollBackChannel(current);
      throw new PublishError(
        'channel_not_found',
        `roll back channel ${channel}: ${studio.game} has no such channel; see channel list`,
      );
    });
    return channelResult(record);
  },
};
