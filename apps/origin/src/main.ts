import { runProgram } from '@swarmpatch/terminal';
import { start } from './commands/start.ts';
import { tokenCreate, tokenList, tokenRevoke } from './commands/tokens.ts';
import { VERSION } from './version.ts';

await runProgram({
  name: 'swarmpatch-origin',
  summary: 'serve game releases: API, web seed and tracker',
  version: VERSION,
  commands: [start, tokenCreate, tokenList, tokenRevoke],
});
