import { executeProgram } from '@swarmpatch/terminal';
import { RecordedTerminal } from '@swarmpatch/testkit';
import { expect, it } from 'vitest';
import { start } from './start.ts';
import { EXPIRES_DAYS_MAX, tokenCreate, tokenRevoke } from './tokens.ts';

const START = ['start', '--data', 'nowhere'];
const TOKEN = ['token', 'create', '--data', 'nowhere', '--scope', 'admin'];

it.each([
  [['start', '--data', ''], 'read --data: found'],
  [[...START, '--http', '8080'], 'read --http: found'],
  [[...START, '--public-url', 'play.example.org'], 'read --public-url: found'],
  [[...START, '--max-upload', '0'], 'read --max-upload: found'],
  [[...START, '--patches', '-1'], 'read --patches: found'],
  [[...START, '--patch-storage', 'big'], 'read --patch-storage: found'],
  [[...TOKEN, '--scope', 'all'], 'read --scope: found'],
  [[...TOKEN, '--expires', '0'], 'read --expires: found'],
  [[...TOKEN, '--expires', `${EXPIRES_DAYS_MAX + 1}`], 'read --expires: found'],
  [['token', 'revoke', '', '--data', 'nowhere'], 'read id: found'],
] as const)('%j is wrong usage, found before anything is done', async (argv, message) => {
  const terminal = new RecordedTerminal();
  const program = {
    name: 'swarmpatch-origin',
    summary: 'in a spec',
    version: '0.0.0',
    commands: [start, tokenCreate, tokenRevoke],
  };
  expect(await executeProgram(program, argv, terminal, new AbortController().signal)).toBe(2);
  expect(terminal.errors).toContain(message);
});
