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

export const releaseList: CommandSpec = {
  path: ['release', 'list'],
  summary: 'list the releases of a game',
  example: 'swarmpatch release list --game starfall --origin https://origin.example',
  options: [gameOption, originOption, tokenOption, checkingKeysOption],
  async run(input, context) {
    const game = readGame(input);
    const origin = readOrigin(input, context);
    await checkKeys(input, origin);
    const { releases } = await origin.releases(game);
    const rows = releases.map(({ version, state, bytes, publishedAt }) => [
      version,
      state,
      formatBytes(bytes),
      publishedAt,
    ]);
    return {
      document: { game, releases },
      text: rows.length === 0 ? `${game} has no releases yet` : formatTable(rows),
    };
  },
};
