export {
  DISK_BLOCK_BYTES,
  planUpdate,
  type FileAtHand,
  type PlanInput,
  type PlanKind,
  type PlanOption,
  type UpdatePlan,
} from './update-plan.ts';
