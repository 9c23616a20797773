import { versionForm } from '@swarmpatch/release';
import { formatBytes, formatTable, type CommandSpec } from '@swarmpatch/terminal';
import {
  checkingKeysOption,
  checkKeys,
  gameOption,
  originOption,
  readGame,
  readOrigin,
  tokenOption,
} from './options.ts';

export const releaseShow: CommandSpec = {
  path: ['release', 'show'],
  summary: 'show one release',
  example: 'swarmpatch release show 1.2.0 --game starfall --origin https://origin.example',
  arguments: [{ name: 'version', description: 'the version', form: versionForm }],
  options: [gameOption, originOption, tokenOption, checkingKeysOption],
  async run(input, context) {
    const game = readGame(input);
    const origin = readOrigin(input, context);
    await checkKeys(input, origin);
    const release = await origin.release(game, input.argument('version'));
    const table = formatTable([
      ['version', release.version],
      ['state', release.state],
      ['published', release.publishedAt],
      ['channels', release.channels.join(', ') || 'none'],
      ['content', `${formatBytes(release.bytes)} in ${release.files} files`],
      ['infohash v1', release.infohashV1],
      ['infohash v2', release.infohashV2],
    ]);
    return {
      document: { game, ...release },
      text: release.notes === undefined ? table : `${table}\n\n${release.notes.trimEnd()}`,
    };
  },
};
