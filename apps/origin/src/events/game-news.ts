/** What is new of a game, from how it stood and how it stands: nothing has to be kept of what was told before. */
import type { GameEvent, GameSnapshot } from '@swarmpatch/api-contract';

/** Of the versions that a snapshot names. */
export const SNAPSHOT_RELEASES_MAX = 100;

export interface GameStanding extends GameSnapshot {
  /** Of the snapshot metadata; 0 before there is any. */
  metadataVersion: number;
}

export function snapshotOf({ metadataVersion: id, ...standing }: GameStanding): GameEvent {
  const releases = standing.releases.slice(0, SNAPSHOT_RELEASES_MAX);
  return { id, event: 'snapshot', data: { ...standing, releases } };
}

/** Releases first: a channel that moves names one that is known then. */
export function newsBetween(before: GameStanding, now: GameStanding): GameEvent[] {
  const id = now.metadataVersion;
  const known = new Set(before.releases);
  const channels = new Map(before.channels.map((channel) => [channel.name, channel]));
  const listed = new Set(before.patches.map(patchKey));
  const events: GameEvent[] = [];
  for (const version of now.releases.toReversed()) {
    if (!known.has(version)) events.push({ id, event: 'release', data: { version } });
  }
  for (const channel of now.channels) {
    const was = channels.get(channel.name);
    channels.delete(channel.name);
    if (was?.version === channel.version && was.rollout === channel.rollout) continue;
    events.push({ id, event: 'channel', data: channel });
  }
  for (const name of channels.keys()) events.push({ id, event: 'channel-removed', data: { name } });
  for (const patch of now.patches) if (!listed.has(patchKey(patch))) events.push({ id, event: 'patch', data: patch });
  return events;
}

function patchKey({ from, to, bytes }: GameSnapshot['patches'][number]): string {
  return `${from}..${to} ${bytes}`;
}
