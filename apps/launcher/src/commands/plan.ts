import { formatBytes, type CommandSpec } from '@swarmpatch/terminal';
import { withInstall } from '../install/open-install.ts';
import { surveyInstall } from '../move/move-install.ts';
import { openSession, refreshTrust } from './open-session.ts';
import { dirOption, versionOption } from './options.ts';
import { parseVersion } from '@swarmpatch/release';

export const plan: CommandSpec = {
  path: ['plan'],
  summary: 'tell what update would do, and change nothing',
  example: 'swarmpatch-launcher plan --dir ~/games/starfall',
  arguments: [],
  options: [dirOption, versionOption],
  async run(input, context) {
    return withInstall(input.requiredText('dir'), 'plan', context, async (install) => {
      const session = await openSession(install, context);
      await refreshTrust(session, install, context);
      const { channel, installId } = install.state;
      const wanted = input.text('version');
      const version = wanted === undefined ? await session.source.versionOf(channel, installId) : parseVersion(wanted);
      const release = await session.source.release(version);
      const move = { install, source: session.source, depth: 'quick', changedFiles: 'keep' } as const;
      const priced = await surveyInstall(move, release, context);
      const { from = null, to, chosen, options } = priced.plan;
      return {
        document: { from, to, chosen: chosen.kind, options },
        text:
          chosen.kind === 'none'
            ? `${to} is installed and whole`
            : [`${from ?? 'nothing'} → ${to}`, ...options.map((option) => describe(option, chosen.kind))].join('\n'),
      };
    });
  },
};

type Priced = Awaited<ReturnType<typeof surveyInstall>>['plan']['chosen'];

function describe({ kind, downloadBytes, writeBytes, scratchBytes }: Priced, chosen: string): string {
  const prices = `${formatBytes(downloadBytes)} to fetch, ${formatBytes(writeBytes)} to write, ${formatBytes(scratchBytes)} of free space`;
  return `${kind === chosen ? '*' : ' '} ${kind}: ${prices}`;
}
