import type { GameStatusReply, PatchProgress, PatchSummary } from '@swarmpatch/api-contract';
import { type CommandSpec, formatBytes, formatTable } from '@swarmpatch/terminal';
import { describeDefeated, mergeDefeated } from '../publish/defeated-files.ts';
import {
  checkingKeysOption,
  checkKeys,
  gameOption,
  originOption,
  readGame,
  readOrigin,
  tokenOption,
} from './options.ts';

export const status: CommandSpec = {
  path: ['status'],
  summary: 'show versions in use, peers, bytes by source and patches',
  example: 'swarmpatch status --game starfall --origin https://origin.example',
  options: [gameOption, originOption, tokenOption, checkingKeysOption],
  async run(input, context) {
    const origin = readOrigin(input, context);
    await checkKeys(input, origin);
    const document = await origin.status(readGame(input));
    return { document, text: describe(document) };
  },
};

function describe({ game, peers, versions, bytes, since, patches }: GameStatusReply): string {
  const { fromPeers, fromOrigin } = bytes;
  const lines = [
    `${game}: ${peers} peers now; since ${since} peers have sent ${formatBytes(fromPeers)} to each other, the origin ${formatBytes(fromOrigin)}`,
  ];
  if (versions.length === 0) return [...lines, 'no releases yet'].join('\n');
  lines.push('', formatTable([VERSION_HEADINGS, ...versions.map(versionRow)]));
  if (patches.length === 0) return [...lines, '', 'no patches'].join('\n');
  lines.push('', formatTable([PATCH_HEADINGS, ...patches.map(patchRow)]));
  const defeated = describeDefeated(mergeDefeated(patches));
  return [...lines, ...(defeated.length > 0 ? ['', ...defeated] : [])].join('\n');
}

const VERSION_HEADINGS = ['version', 'channels', 'seeds', 'leechers', 'most peers, 30 days', 'updates to it, 30 days'];

function versionRow({ version, channels, seeds, leechers, peersMost, updates }: GameStatusReply['versions'][number]) {
  return [version, channels.join(', '), String(seeds), String(leechers), String(peersMost), String(updates)];
}

const PATCH_HEADINGS = ['patch from', 'to', 'state', 'size', 'remark'];

function patchRow({ from, to, state, bytes, reason, progress }: PatchSummary): string[] {
  const remark = reason ?? (progress === undefined ? '' : describeProgress(progress));
  return [from, to, state, bytes === undefined ? '' : formatBytes(bytes), remark];
}

function describeProgress({ phase, doneBytes, totalBytes }: PatchProgress): string {
  return `${phase}: ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
}
