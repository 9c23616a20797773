export { matchContent } from './match-content.ts';
export type { PlacedContent } from './match-input.ts';
export type { PatchOp } from './patch-op.ts';
