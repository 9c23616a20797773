import { runProgram } from '@swarmpatch/terminal';

await runProgram({
  name: 'swarmpatch',
  summary: 'publish game builds and deliver them through a swarm',
  version: '0.1.0',
  example: 'swarmpatch publish ./build --game starfall --version 1.2.0 --keys ./keys',
  commands: [
    {
      word: 'keys',
      summary: "make a studio's keys: init",
      load: async () => [(await import('./commands/keys-init.ts')).keysInit],
    },
    {
      word: 'game',
      summary: 'register a game: create',
      load: async () => [(await import('./commands/game-create.ts')).gameCreate],
    },
    {
      word: 'publish',
      summary: 'publish a build as a release',
      load: async () => [(await import('./commands/publish.ts')).publish],
    },
    {
      word: 'release',
      summary: 'look at what is published: list, show',
      load: async () => {
        const [{ releaseList }, { releaseShow }] = await Promise.all([
          import('./commands/release-list.ts'),
          import('./commands/release-show.ts'),
        ]);
        return [releaseList, releaseShow];
      },
    },
    {
      word: 'channel',
      summary: 'say which release players get: list, set, rollback',
      load: async () => {
        const [{ channelList }, { channelSet }, { channelRollback }] = await Promise.all([
          import('./commands/channel-list.ts'),
          import('./commands/channel-set.ts'),
          import('./commands/channel-rollback.ts'),
        ]);
        return [channelList, channelSet, channelRollback];
      },
    },
    {
      word: 'delta',
      summary: 'patches from one directory to another: create, apply, show',
      load: async () => {
        const [{ deltaCreate }, { deltaApply }, { deltaShow }] = await Promise.all([
          import('./commands/delta-create.ts'),
          import('./commands/delta-apply.ts'),
          import('./commands/delta-show.ts'),
        ]);
        return [deltaCreate, deltaApply, deltaShow];
      },
    },
    {
      word: 'status',
      summary: 'show versions in use, peers, bytes by source and patches',
      load: async () => [(await import('./commands/status.ts')).status],
    },
    {
      word: 'torrent',
      summary: 'torrents of any file or directory: create, show, check',
      load: async () => (await import('./torrent/index.ts')).torrentCommands,
    },
  ],
});
