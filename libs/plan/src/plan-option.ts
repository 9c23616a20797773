import type { Cost } from './costs.ts';
import type { SpaceUse } from './rewrites.ts';

/**
 * - `none`: the target is installed and whole.
 * - `patch`: one patch or a chain of them, where that is cheaper from a release or to one that pieces lead to; what they do not
 *   bring, pieces.
 * - `pieces`: the bytes that differ from what is on disk.
 * - `full`: every byte of the target.
 */
export type PlanKind = 'none' | 'patch' | 'pieces' | 'full';

/** One edge of the graph of versions: what brings the install to the next one. */
export interface PlanStep {
  by: 'patch' | 'pieces' | 'full';
  to: string;
}

/** One way to the target release, and what it takes. */
export interface PricedOption {
  kind: PlanKind;
  /** Payload from peers and web seeds. */
  downloadBytes: number;
  /** Old content read from disk, to be copied or patched. */
  readBytes: number;
  /** Everything written to disk: file content, downloaded, copied or made, and patches. */
  writeBytes: number;
  /** Free space wanted until the commit, in whole disk blocks, besides what is there now. */
  scratchBytes: number;
  /** How changed files are staged. */
  space: SpaceUse;
  /** Bytes of installed files that the commit writes over where they lie; the rest of those files stays as it is. */
  rewrittenBytes: number;
  /** In their order; the last leads to the target. */
  steps: readonly PlanStep[];
  /** Expected time, and what options are compared by: the sum of `cost`. */
  seconds: number;
  cost: Cost;
}

export interface PlanOption extends PricedOption {
  /** `impossible`: it does not fit into the scratch space. */
  verdict: 'chosen' | 'costlier' | 'impossible';
  /** For people: why it won, why it lost, or why it cannot be. */
  reason: string;
}

/** A way that cannot even be priced. */
export interface MissingOption {
  kind: PlanKind;
  reason: string;
}
