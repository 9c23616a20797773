import { nameOption, type PlanOption } from '@swarmpatch/plan';
import { formatBytes, formatDuration, formatTable, type CommandSpec } from '@swarmpatch/terminal';
import { withInstall } from '../install/open-install.ts';
import { surveyInstall } from '../move/survey.ts';
import { maxDownloadOption } from '../transfer-options.ts';
import { openSession, ratesOf, refreshTrust } from './open-session.ts';
import { dirOption, versionOption } from './options.ts';

export const plan: CommandSpec = {
  path: ['plan'],
  summary: 'tell what update would do and why, and change nothing',
  example: 'swarmpatch-launcher plan --dir ~/games/starfall',
  arguments: [],
  options: [dirOption, versionOption, maxDownloadOption],
  async run(input, context) {
    return withInstall(input.requiredText('dir'), 'plan', context, async (install) => {
      const session = await openSession(install, context);
      await refreshTrust(session, install, context);
      const { channel, installId } = install.state;
      const version = input.text('version') ?? (await session.source.versionOf(channel, installId));
      const release = await session.source.release(version);
      const move = { install, source: session.source, depth: install.depth, rates: ratesOf(input) };
      const priced = await surveyInstall(move, release, context);
      const { from = null, to, chosen, options, missing } = priced.plan;
      return {
        document: { from, to, chosen: chosen.kind, reason: chosen.reason, options, missing },
        text: chosen.kind === 'none' ? chosen.reason : describePlan(`${from ?? 'nothing'} → ${to}`, options, missing),
      };
    });
  },
};

const HEADINGS = ['', 'way', 'fetch', 'read', 'write', 'free space', 'about'];

type Missing = Awaited<ReturnType<typeof surveyInstall>>['plan']['missing'];

function describePlan(journey: string, options: readonly PlanOption[], missing: Missing): string {
  const rows = [HEADINGS, ...options.map(rowOf)];
  const reasons = options.map((option) => `${nameOption(option)} ${option.reason}`);
  const absent = missing.map(({ kind, reason }) => `no ${kind}: ${reason}`);
  return [journey, formatTable(rows), ...reasons, ...absent].join('\n');
}

function rowOf(option: PlanOption): string[] {
  const bytes = [option.downloadBytes, option.readBytes, option.writeBytes, option.scratchBytes].map(formatBytes);
  const mark = { chosen: '*', costlier: '', impossible: 'x' }[option.verdict];
  return [mark, nameOption(option), ...bytes, formatDuration(option.seconds)];
}
