/** What bytes cost, in expected seconds: docs/protocols/plan.md. */

/** How fast this machine is taken to be. */
export interface ExpectedRates {
  downloadBytesPerSecond: number;
  diskReadBytesPerSecond: number;
  diskWriteBytesPerSecond: number;
  /** New content that applying a patch makes. */
  patchBytesPerSecond: number;
}

/**
 * What a swarm of home lines gives, on the low side, and a slow disk: bytes that are fetched cost somebody's upload, too. Where both
 * are faster, what is cheapest stays the same.
 */
export const USUAL_RATES: Readonly<ExpectedRates> = {
  downloadBytesPerSecond: 1_000_000,
  diskReadBytesPerSecond: 100_000_000,
  diskWriteBytesPerSecond: 100_000_000,
  patchBytesPerSecond: 150_000_000,
};

/** Asking for one more patch where the release's peers are known already. */
export const PATCH_START_SECONDS = 0.01;

/** How often a patch turns out to be of no use: nobody has it, it is damaged, or an old file is not what it looked like. */
export const PATCH_RISK = 0.01;
/** Added where the old files were believed by size and time and not read. */
export const UNREAD_SOURCE_RISK = 0.01;

export interface Work {
  downloadBytes: number;
  readBytes: number;
  writeBytes: number;
  /** New content that patches make, of `writeBytes`. */
  patchedBytes: number;
  /** Patches that are fetched. */
  patchCount: number;
}

/** Expected seconds by what they go to; they add up to the cost of an option. */
export interface Cost {
  downloadSeconds: number;
  diskSeconds: number;
  patchSeconds: number;
  /** How likely patching fails, times what fetching pieces instead takes. */
  riskSeconds: number;
}

export function costOf(work: Work, rates: ExpectedRates): Cost {
  return {
    downloadSeconds: work.downloadBytes / rates.downloadBytesPerSecond + work.patchCount * PATCH_START_SECONDS,
    diskSeconds: work.readBytes / rates.diskReadBytesPerSecond + work.writeBytes / rates.diskWriteBytesPerSecond,
    patchSeconds: work.patchedBytes / rates.patchBytesPerSecond,
    riskSeconds: 0,
  };
}

export function secondsOf({ downloadSeconds, diskSeconds, patchSeconds, riskSeconds }: Cost): number {
  return downloadSeconds + diskSeconds + patchSeconds + riskSeconds;
}
