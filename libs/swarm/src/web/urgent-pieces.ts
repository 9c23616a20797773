/** Pieces of this priority are waited for right now: a file is being read while it is fetched. */
export const URGENT_PRIORITY = 254;

const NONE: ReadonlySet<number> = new Set();

/** @param priorities By piece. @returns The urgent pieces in order. */
export function urgentPieces(priorities: Uint8Array | undefined): ReadonlySet<number> {
  if (priorities?.includes(URGENT_PRIORITY) !== true) return NONE;
  const urgent = new Set<number>();
  for (const [piece, priority] of priorities.entries()) if (priority === URGENT_PRIORITY) urgent.add(piece);
  return urgent;
}
