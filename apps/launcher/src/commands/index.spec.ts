import { expect, it } from 'vitest';

import { runLauncher } from '../testing/launcher-run.contract.ts';
import { launcherCommands } from './index.ts';

it.each(launcherCommands.map((entry) => [entry.word, entry] as const))(
  '`%s` is summed up in the same words before and after it is loaded',
  async (word, { summary, load }) => {
    const specs = await load();
    expect(specs.map(({ path, summary: loaded }) => [path[0], loaded])).toEqual([[word, summary]]);
  },
);

const INSTALL = ['install', 'g', '--dir', 'nowhere', '--origin', 'http://127.0.0.1:9'];
const UPDATE = ['update', '--dir', 'nowhere'];

it.each([
  [['install', 'G', ...INSTALL.slice(2)], 'read game: found'],
  [[...INSTALL, '--origin', 'play.example.org'], 'read --origin: found'],
  [[...INSTALL, '--version', '1.0'], 'read --version: found'],
  [[...INSTALL, '--channel', 'Beta 2'], 'read --channel: found'],
  [[...INSTALL, '--root-fingerprint', 'abc'], 'read --root-fingerprint: found'],
  [[...UPDATE, '--version', 'v1.0.0'], 'read --version: found'],
  [['plan', '--dir', 'nowhere', '--version', 'latest'], 'read --version: found'],
  [[...UPDATE, '--schedule', '25:00-26:00'], 'read --schedule: found'],
  [[...UPDATE, '--play-first', ''], 'read --play-first: found'],
  [[...UPDATE, '--api', '0.0.0.0:80'], 'read --api: found'],
  [[...UPDATE, '--timeout', '5m'], 'read --timeout: found'],
  [['watch', '--dir', 'nowhere', '--update-within', 'night'], 'read --update-within: found'],
  [['watch', '--dir', 'nowhere', '--update-when', 'later'], 'read --update-when: found'],
] as const)('%j is wrong usage, found before anything is done', async (argv, message) => {
  const { exitCode, document } = await runLauncher(argv);
  expect({ exitCode, document }).toMatchObject({ exitCode: 2, document: { error: { code: 'usage' } } });
  expect(JSON.stringify(document)).toContain(message);
});
