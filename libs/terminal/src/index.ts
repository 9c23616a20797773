export type {
  ArgumentSpec,
  CommandContext,
  CommandOutcome,
  CommandSpec,
  OptionKind,
  OptionSpec,
} from './command-spec.ts';
export { CommandInput, type Endpoint } from './command-input.ts';
export { UsageError } from './usage-error.ts';
export { formatBytes, formatDuration, formatRate } from './format.ts';
export { type Progress, type ProgressPhase, type ProgressSample } from './progress.ts';
export { executeProgram, runProgram, type ProgramSpec } from './program.ts';
export type { Terminal } from './terminal.ts';
