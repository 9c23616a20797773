import { runProgram } from '@swarmpatch/terminal';
import { install } from './commands/install.ts';
import { plan } from './commands/plan.ts';
import { repair } from './commands/repair.ts';
import { rollback } from './commands/rollback.ts';
import { seed } from './commands/seed.ts';
import { status } from './commands/status.ts';
import { update } from './commands/update.ts';
import { verify } from './commands/verify.ts';
import { downloadCommands } from './download/index.ts';

await runProgram({
  name: 'swarmpatch-launcher',
  summary: 'install games and keep them up to date through a swarm',
  version: '0.1.0',
  commands: [install, update, plan, verify, repair, rollback, status, seed, ...downloadCommands],
});
