import { versionForm } from '@swarmpatch/release';
import { type CommandInput, type CommandSpec, UsageError } from '@swarmpatch/terminal';

type Option = NonNullable<CommandSpec['options']>[number];

export const dirOption: Option = {
  name: 'dir',
  value: 'dir',
  kind: 'text',
  description: 'where the game is',
  required: true,
};

/** How closely files are looked at. */
export const depthOptions: readonly Option[] = [
  {
    name: 'quick',
    kind: 'switch',
    description: 'read only files whose size or time is not as recorded; misses damage that changed neither',
  },
  { name: 'deep', kind: 'switch', description: 'read every file; the default' },
];

/** @throws {UsageError} when both are asked for */
export function readDepth(input: CommandInput): 'quick' | 'deep' {
  if (!input.flag('quick')) return 'deep';
  if (!input.flag('deep')) return 'quick';
  throw new UsageError('read the command line: found --quick and --deep, wanted one of them');
}

export const versionOption: Option = {
  name: 'version',
  value: 'version',
  kind: 'text',
  form: versionForm,
  description: 'this release instead of the one that the channel names',
};
