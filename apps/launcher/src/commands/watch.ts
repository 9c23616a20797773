import { join } from 'node:path';
import { STATE_DIRECTORY } from '@swarmpatch/install';
import type { CommandInput, CommandSpec } from '@swarmpatch/terminal';
import { peekInstall } from '../install/peek-install.ts';
import { dailySpanForm, parseDailySpan } from '../pausing/schedule.ts';
import { readTransferSettings, transferOptions } from '../transfer-options.ts';
import { CommandTransfers } from '../transfers/command-transfers.ts';
import type { ChangeRules } from '../watch/change-rules.ts';
import { InstallWatch } from '../watch/install-watch.ts';
import { ratesOf } from './open-session.ts';
import { dirOption } from './options.ts';

export const watch: CommandSpec = {
  path: ['watch'],
  summary: 'stay on: update as the channel moves, and serve what is installed in between',
  example: 'swarmpatch-launcher watch --dir ~/games/starfall --pause-while starfall.exe',
  arguments: [],
  options: [
    dirOption,
    {
      name: 'update-when',
      value: 'when',
      kind: 'choice',
      choices: ['idle', 'now'],
      description: 'idle, unless given: fetch at once, but change files only while no program of the install runs',
    },
    {
      name: 'hold-while',
      value: 'process',
      kind: 'text',
      repeatable: true,
      description: 'fetch, but change no file of the install while a program of this name runs',
    },
    {
      name: 'update-within',
      value: 'hh:mm-hh:mm',
      kind: 'text',
      form: dailySpanForm,
      repeatable: true,
      description: 'change files of the install only within this part of each day; local time',
    },
    ...transferOptions,
  ],
  async run(input, context) {
    const directory = input.requiredText('dir');
    const change = readChangeRules(input);
    const { seedForMs, ...settings } = readTransferSettings(input);
    const { files, state } = await peekInstall(directory, 'watch', context);
    const stateDirectory = join(files.root, STATE_DIRECTORY);
    const transfers = await CommandTransfers.open({ ...settings, seedForMs: undefined }, stateDirectory, context);
    try {
      await new InstallWatch(directory, { change, rates: ratesOf(input), seedForMs }, transfers, context).run(state);
    } finally {
      await transfers.close();
    }
    return undefined;
  },
};

function readChangeRules(input: CommandInput): ChangeRules {
  return {
    when: input.text('update-when') === 'now' ? 'now' : 'idle',
    holdWhile: input.list('hold-while'),
    within: input.list('update-within').map((text) => parseDailySpan(text)),
  };
}
