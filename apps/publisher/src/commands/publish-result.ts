import type { PatchSummary } from '@swarmpatch/api-contract';
import { nameOption, type PlanOption } from '@swarmpatch/plan';
import { type CommandOutcome, formatBytes, formatDuration, formatTable } from '@swarmpatch/terminal';
import { describeDefeated, mergeDefeated } from '../publish/defeated-files.ts';
import type { PlayerCost } from '../publish/player-costs.ts';
import type { ReleaseDraft } from '../publish/release-draft.ts';

export interface PublishOutcome {
  channel: string;
  newBytes: number;
  uploadedBytes: number;
  seconds: number;
  isDryRun: boolean;
  /** By published version, newest first. */
  players: PlayerCost[];
  /** To this release, as far as it was waited for them. */
  patches: PatchSummary[];
}

/** What `publish` prints. */
export function publishResult({ manifest }: ReleaseDraft, outcome: PublishOutcome): CommandOutcome {
  const { channel, newBytes, uploadedBytes, seconds, isDryRun, players, patches } = outcome;
  const made = new Map(patches.flatMap(({ from, bytes }) => (bytes === undefined ? [] : [[from, bytes] as const])));
  const withoutPatch = patches.flatMap(({ from, state, reason }) => (made.has(from) ? [] : [{ from, state, reason }]));
  const defeated = mergeDefeated(patches);
  const { infohashV1, infohashV2 } = manifest.torrent;
  const size = `${formatBytes(manifest.bytes)} in ${manifest.files.length} files, ${formatBytes(newBytes)} new`;
  const done = isDryRun
    ? `${manifest.name} would be published on ${channel}: ${size}; nothing was changed`
    : `${manifest.name} is published on ${channel}: ${size}, ${formatBytes(uploadedBytes)} sent; ${formatDuration(seconds)} in all`;
  return {
    document: {
      game: manifest.game,
      version: manifest.version,
      channel,
      infohashV1,
      infohashV2,
      bytes: manifest.bytes,
      newBytes,
      uploadedBytes,
      patches: [...made].map(([from, bytes]) => ({ from, bytes })),
      ...(withoutPatch.length > 0 && { withoutPatch }),
      ...(defeated.length > 0 && { defeated }),
      players,
      seconds,
      ...(isDryRun && { dryRun: true }),
    },
    text: [
      done,
      ...withoutPatch.map(({ from, reason = '' }) => `no patch from ${from}: ${reason}`),
      ...(players.length === 0 ? [] : [describePlayers(players)]),
      ...describeDefeated(defeated),
    ].join('\n'),
    exitCode: withoutPatch.some(({ state }) => state === 'failed') ? 1 : 0,
  };
}

const HEADINGS = ['players on', 'fetch', 'write', 'about', 'everything', 'patch'];

function describePlayers(players: readonly PlayerCost[]): string {
  const [newest] = players;
  return [formatTable([HEADINGS, ...players.map(rowOf)]), ...describeCostliest(newest)].join('\n');
}

function describeCostliest(player: PlayerCost | undefined): string[] {
  if (player === undefined || player.costliest.length === 0) return [];
  const files = player.costliest.map(
    ({ path, bytes, missingBytes }) => `${path} (${formatBytes(missingBytes)} of ${formatBytes(bytes)})`,
  );
  return [`most of it by pieces, from ${player.from}: ${files.join(', ')}`];
}

function rowOf({ from, options, precision, patchBytes }: PlayerCost): string[] {
  const [chosen] = options;
  const full = options.find((option) => option.kind === 'full');
  const bytes = (count: number | undefined): string => (count === undefined ? '' : formatBytes(count));
  return [
    from,
    `${precision === 'at_most' ? 'at most ' : ''}${bytes(chosen?.downloadBytes)}`,
    bytes(chosen?.writeBytes),
    chosen === undefined ? '' : formatDuration(chosen.seconds),
    bytes(full?.downloadBytes),
    patchBytes === null ? describeChain(chosen) : formatBytes(patchBytes),
  ];
}

function describeChain(chosen: PlanOption | undefined): string {
  return chosen?.kind === 'patch' ? nameOption(chosen) : 'not made yet';
}
