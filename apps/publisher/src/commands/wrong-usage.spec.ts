import { executeProgram } from '@swarmpatch/terminal';
import { RecordedTerminal } from '@swarmpatch/testkit';
import { expect, it } from 'vitest';
import { torrentCreate } from '../torrent/torrent-create.ts';
import { channelSet } from './channel-set.ts';
import { deltaCreate } from './delta-create.ts';
import { gameCreate } from './game-create.ts';
import { publish } from './publish.ts';
import { releaseShow } from './release-show.ts';
import { status } from './status.ts';

const AT = ['--origin', 'http://127.0.0.1:9', '--token', 't', '--keys', 'nowhere'];
const PUBLISH = ['publish', 'nowhere', '--game', 'g', '--version', '1.0.0', ...AT];
const TORRENT = ['torrent', 'create', 'nowhere', '--out', 'nowhere.torrent'];

it.each([
  [[...PUBLISH, '--version', '1.0'], 'read --version: found'],
  [[...PUBLISH, '--game', 'G'], 'read --game: found'],
  [[...PUBLISH, '--channel', ''], 'read --channel: found'],
  [[...PUBLISH, '--origin', 'play.example.org'], 'read --origin: found'],
  [['publish', '', ...PUBLISH.slice(2)], 'read path: found'],
  [['channel', 'set', 'stable', '1.0', '--game', 'g', ...AT], 'read version: found'],
  [['channel', 'set', 'St', '1.0.0', '--game', 'g', ...AT], 'read channel: found'],
  [['channel', 'set', 'stable', '1.0.0', '--rollout', '101', '--game', 'g', ...AT], 'read --rollout: found'],
  [['release', 'show', 'v1', '--game', 'g', '--origin', 'http://127.0.0.1:9'], 'read version: found'],
  [['status', '--game', 'g', '--origin', 'nowhere'], 'read --origin: found'],
  [['game', 'create', 'Star Fall', '--title', 't', ...AT], 'read id: found'],
  [['delta', 'create', '--old', 'a', '--new', 'b', '--out', 'c', '--effort', '10'], 'read --effort: found'],
  [[...TORRENT, '--piece-length', '17KiB'], 'read --piece-length: found'],
  [[...TORRENT, '--piece-length', '1GiB'], 'read --piece-length: found'],
  [[...TORRENT, '--tracker', 'nowhere'], 'read --tracker: found'],
  [[...TORRENT, '--web-seed', 'udp://127.0.0.1:9'], 'read --web-seed: found'],
] as const)('%j is wrong usage, found before anything is done', async (argv, message) => {
  const terminal = new RecordedTerminal();
  const program = {
    name: 'swarmpatch',
    summary: 'in a spec',
    version: '0.0.0',
    commands: [channelSet, deltaCreate, gameCreate, publish, releaseShow, status, torrentCreate],
  };
  expect(await executeProgram(program, argv, terminal, new AbortController().signal)).toBe(2);
  expect(terminal.errors).toContain(message);
});
