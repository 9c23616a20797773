import type { CommandSpec } from '@swarmpatch/terminal';

type Option = NonNullable<CommandSpec['options']>[number];

export const dirOption: Option = {
  name: 'dir',
  value: 'dir',
  kind: 'text',
  description: 'where the game is',
  required: true,
};

export const deepOption: Option = {
  name: 'deep',
  kind: 'switch',
  description: 'read every file, also those whose size and time are as recorded',
};

export const versionOption: Option = {
  name: 'version',
  value: 'version',
  kind: 'text',
  description: 'this release instead of the one that the channel names',
};
