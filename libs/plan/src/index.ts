export {
  PATCH_RISK,
  PATCH_START_SECONDS,
  UNREAD_SOURCE_RISK,
  USUAL_RATES,
  type Cost,
  type ExpectedRates,
} from './costs.ts';
export { DISK_BLOCK_BYTES, inDiskBlocks } from './disk-blocks.ts';
export type { FetchedAtHand, FileAtHand, RewriteAtHand } from './file-at-hand.ts';
export type { PatchOffer } from './patch-offer.ts';
export { PATCH_OPTIONS_MAX, type PatchSource } from './patch-prices.ts';
export { CHAIN_PATCHES_MAX, ROUTES_PER_VERSION_MAX } from './patch-routes.ts';
export { nameOption } from './judgement.ts';
export {
  describeMiddle,
  MIDDLES_PER_ORDER_MAX,
  type Middle,
  type MiddleOrder,
  type MiddleRelease,
} from './middle-release.ts';
export type { MissingOption, PlanKind, PlanOption, PlanStep } from './plan-option.ts';
export { compareReleases, type DescribedRelease, type ReleaseComparison } from './release-comparison.ts';
export {
  priceOfFetched,
  REWRITE_SAVING_MIN,
  REWRITE_WINDOW_BYTES,
  REWRITTEN_FILE_BYTES_MIN,
  type FilePrice,
  type SpaceUse,
} from './rewrites.ts';
export {
  middlesWorthKnowing,
  planUpdate,
  type PlanConditions,
  type PlanInput,
  type UpdatePlan,
} from './update-plan.ts';
