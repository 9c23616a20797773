import { createKeyDirectory } from '@swarmpatch/node-io/keys';
import type { CommandSpec } from '@swarmpatch/terminal';
import { keysOption } from './options.ts';

export const keysInit: CommandSpec = {
  path: ['keys', 'init'],
  summary: 'make root and release keys, offline',
  example: 'swarmpatch keys init --keys ./keys',
  options: [{ ...keysOption, description: 'where to put the keys' }],
  async run(input) {
    const directory = input.requiredText('keys');
    const { rootFingerprint } = await createKeyDirectory(directory);
    return {
      document: { rootFingerprint },
      text: [
        `Root fingerprint ${rootFingerprint}`,
        `Launchers pin it. Keep ${directory}/root.pem offline: publishing needs release.pem and public.json alone.`,
      ].join('\n'),
    };
  },
};
