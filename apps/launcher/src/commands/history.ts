import { readHistory, type HistoryEntry } from '@swarmpatch/install';
import { formatBytes, formatTable, type CommandSpec } from '@swarmpatch/terminal';
import { peekInstall } from '../install/peek-install.ts';
import { dirOption } from './options.ts';

export const history: CommandSpec = {
  path: ['history'],
  summary: 'tell what was installed when, and where it came from; needs no network',
  example: 'swarmpatch-launcher history --dir ~/games/starfall',
  arguments: [],
  options: [dirOption],
  async run(input, context) {
    const { files, state } = await peekInstall(input.requiredText('dir'), 'history', context);
    const entries = await readHistory(files);
    return {
      document: { game: state.game, version: state.installed?.version ?? null, entries: entries.map(documentOf) },
      text: entries.length === 0 ? 'nothing is remembered' : formatTable([HEADINGS, ...entries.map(rowOf)]),
    };
  },
};

const HEADINGS = ['when', 'command', 'from', 'to', 'plan', 'peers', 'HTTP', 'disk', 'resumed', 'written'];

function documentOf({ atMs, from, ...entry }: HistoryEntry): object {
  return { at: new Date(atMs).toISOString(), from: from ?? null, ...entry };
}

function rowOf({ atMs, command, from = '', to, plan, bytes }: HistoryEntry): string[] {
  const counts = [bytes.fromPeers, bytes.fromWebSeeds, bytes.reused, bytes.resumed ?? 0, bytes.written].map(
    formatBytes,
  );
  return [`${new Date(atMs).toISOString().slice(0, 19)}Z`, command, from, to, plan, ...counts];
}
