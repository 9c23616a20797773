import { setTimeout as sleep } from 'node:timers/promises';
import type { PatchSummary } from '@swarmpatch/api-contract';
import type { Origin } from '../origin/origin.ts';
import { type Patience, patiently } from './patience.ts';

const POLL_MS_MIN = 100;
const POLL_MS_MAX = 2000;

const FINAL: ReadonlySet<PatchSummary['state']> = new Set(['ready', 'rejected', 'failed']);

/**
 * Waits until every patch that the origin has planned to a release is made, or will not be. Reads every two seconds, at first more often.
 *
 * @returns In the order of making.
 */
export async function waitForPatches(options: {
  origin: Origin;
  game: string;
  version: string;
  patience: Patience;
  onProgress: (patches: readonly PatchSummary[]) => void;
}): Promise<PatchSummary[]> {
  const { origin, game, version, patience, onProgress } = options;
  for (let waitMs = POLL_MS_MIN; ; waitMs = Math.min(waitMs * 2, POLL_MS_MAX)) {
    const { patches } = await patiently(patience, () => origin.patches(game, version));
    onProgress(patches);
    if (patches.every(isFinal)) return patches;
    await sleep(waitMs, undefined, { signal: patience.signal });
  }
}

export function isFinal({ state }: PatchSummary): boolean {
  return FINAL.has(state);
}
