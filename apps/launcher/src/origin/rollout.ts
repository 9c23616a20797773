import { hash } from 'node:crypto';
import type { ChannelRecord } from '@swarmpatch/release';

/**
 * The version that a channel means to one install. A staged rollout reaches the same installs whatever the percentage grows
 * to; the others stay on the version before.
 */
export function versionFor(record: ChannelRecord, installId: string): string {
  const { rollout = 100, version, history } = record;
  return shareOf(`${installId} ${version}`) < rollout ? version : (history[0] ?? version);
}

/** 0 to 100, evenly spread and always the same for one text. */
function shareOf(text: string): number {
  return (hash('sha256', text, 'buffer').readUInt32BE(0) / 2 ** 32) * 100;
}
