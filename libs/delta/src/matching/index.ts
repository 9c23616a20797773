export { matchContent } from './match-content.ts';
export { KIND_LITERAL, OpList } from './op-list.ts';
export type { PatchOp } from './patch-op.ts';
