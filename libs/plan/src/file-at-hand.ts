/**
 * How much of one file of the target release is at hand.
 * - `unchanged`: whole and in its place.
 * - `moved`: whole in a place that the target gives up; it is linked into its new one, which writes nothing.
 * - `copied`: whole in a place that stays, or arrives once for several paths; costs a write but no download.
 * - `fetched`: the rest, of which `heldBytes` are copied from old files and `stagedBytes` were staged by an earlier run.
 */
export type FileAtHand =
  | { kind: 'unchanged' }
  | { kind: 'moved' }
  | { kind: 'copied' }
  | { kind: 'fetched'; heldBytes: number; stagedBytes: number; allocatedBytes: number };
