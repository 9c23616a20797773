import { runProgram } from '@swarmpatch/terminal';
import { launcherCommands } from './commands/index.ts';

await runProgram({
  name: 'swarmpatch-launcher',
  summary: 'install games and keep them up to date through a swarm',
  version: '0.1.0',
  example: 'swarmpatch-launcher update --dir ~/games/starfall',
  commands: launcherCommands,
});
