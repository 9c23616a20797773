import type { CommandContext } from '@swarmpatch/terminal';

export type OnProgress = (doneBytes: number, totalBytes: number) => void;

/** Shows one phase of a command while `work` runs. */
export async function inPhase<T>(
  context: CommandContext,
  name: string,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const phase = context.progress.phase(name);
  try {
    return await work((doneBytes, totalBytes) => phase.update({ doneBytes, totalBytes }));
  } finally {
    phase.end();
  }
}
