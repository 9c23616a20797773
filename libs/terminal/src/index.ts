export { CommandInput, type Endpoint } from './command-input.ts';
export type { CommandContext, CommandOutcome, CommandSpec, LazyCommands } from './command-spec.ts';
export { failureOf } from './failure.ts';
export { formatBytes, formatDuration, formatRate } from './format.ts';
export type { ArgumentSpec, OptionKind, OptionSpec } from './option-spec.ts';
export type { Progress, ProgressPhase, ProgressSample } from './progress.ts';
export { executeProgram, runProgram, type ProgramSpec } from './program.ts';
export type { Terminal } from './terminal.ts';
export { UsageError } from './usage-error.ts';
