import { channelNameForm, moveChannel, versionForm } from '@swarmpatch/release';
import type { CommandSpec } from '@swarmpatch/terminal';
import { PublishError } from '../publish-error.ts';
import { channelResult } from './channel-result.ts';
import { gameOption, keysOption, openStudio, originOption, readOrigin, requiredTokenOption } from './options.ts';

export const channelSet: CommandSpec = {
  path: ['channel', 'set'],
  summary: 'let a channel name a release',
  example:
    'swarmpatch channel set stable 1.2.0 --rollout 10 --game starfall --origin https://origin.example --token … --keys ./keys',
  arguments: [
    { name: 'channel', description: 'the channel; made when there is none of this name', form: channelNameForm },
    { name: 'version', description: 'a published version', form: versionForm },
  ],
  options: [
    {
      name: 'rollout',
      value: 'percent',
      kind: 'percent',
      description: 'how many installs may take it; all when left out',
    },
    gameOption,
    originOption,
    requiredTokenOption,
    keysOption,
  ],
  async run(input, context) {
    const channel = input.argument('channel');
    const version = input.argument('version');
    const rollout = input.number('rollout');
    const origin = readOrigin(input, context);
    const studio = await openStudio(input, origin);
    const record = await studio.setChannel(async () => {
      if (!studio.hasRelease(version)) {
        throw new PublishError(
          'release_not_found',
          `set channel ${channel}: ${studio.game} has no release ${version}; see release list`,
        );
      }
      return moveChannel(await studio.channel(channel), { game: studio.game, channel, version, rollout });
    });
    return channelResult(record);
  },
};
