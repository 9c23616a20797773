export { matchContent } from './match-content.ts';
export type { MatchInput, PlacedContent } from './match-input.ts';
export type { PatchOp } from './patch-op.ts';
