/**
 * How much of one file of the target release is at hand.
 * - `unchanged`: whole and in its place.
 * - `moved`: whole in a place that the target gives up; it is linked into its new one, which writes nothing.
 * - `copied`: whole in a place that stays, or arrives once for several paths; costs a write but no download.
 * - `fetched`: the rest, of which `heldBytes` are in old files and `stagedBytes` were staged by an earlier run.
 */
export type FileAtHand = { kind: 'unchanged' } | { kind: 'moved' } | { kind: 'copied' } | FetchedAtHand;

export interface FetchedAtHand {
  kind: 'fetched';
  heldBytes: number;
  stagedBytes: number;
  /** Room that what is staged takes. */
  allocatedBytes: number;
  /** What rewriting the installed file at the same path takes, where that can be done. */
  rewrite?: RewriteAtHand;
}

/** An installed file of which just the pieces are written that differ at their position. */
export interface RewriteAtHand {
  /** Pieces that differ. */
  differingBytes: number;
  /** Of them, in old files, but elsewhere. */
  heldBytes: number;
  /** Of them, staged by an earlier run. */
  stagedBytes: number;
  /** Room that the installed file takes more once it is the new one. */
  growthBytes: number;
}
