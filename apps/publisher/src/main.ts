import { runProgram } from '@swarmpatch/terminal';
import { channelList } from './commands/channel-list.ts';
import { channelRollback } from './commands/channel-rollback.ts';
import { channelSet } from './commands/channel-set.ts';
import { gameCreate } from './commands/game-create.ts';
import { keysInit } from './commands/keys-init.ts';
import { publish } from './commands/publish.ts';
import { releaseList } from './commands/release-list.ts';
import { releaseShow } from './commands/release-show.ts';
import { torrentCommands } from './torrent/index.ts';

await runProgram({
  name: 'swarmpatch',
  summary: 'publish game builds and deliver them through a swarm',
  version: '0.1.0',
  commands: [
    keysInit,
    gameCreate,
    publish,
    releaseList,
    releaseShow,
    channelList,
    channelSet,
    channelRollback,
    ...torrentCommands,
  ],
});
