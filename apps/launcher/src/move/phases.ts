import type { CommandContext } from '@swarmpatch/terminal';

export type Progress = (doneBytes: number, totalBytes: number) => void;

/** Shows one phase of a command while `work` runs; it is shown from its first sign of progress on. */
export async function inPhase<T>(
  context: CommandContext,
  name: string,
  work: (onProgress: Progress) => Promise<T>,
): Promise<T> {
  let phase: ReturnType<CommandContext['progress']['phase']> | undefined;
  try {
    return await work((doneBytes, totalBytes) => {
      phase ??= context.progress.phase(name, { totalBytes });
      phase.update({ doneBytes, totalBytes });
    });
  } finally {
    phase?.end();
  }
}
