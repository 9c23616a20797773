import { readState, recover, STATE_DIRECTORY } from '@swarmpatch/install';
import { randomInteger } from '../builds/index.ts';
import { PowerCut, type MemoryFileSystem } from './memory-file-system.ts';
import { describeTree } from './memory-install.ts';

const CUTS_IN_RECOVERY_MAX = 3;
const RECOVERY_STEPS_MAX = 60;

/** What was found once an install was recovered. */
export interface Survivor {
  /** Before which of its steps the work was cut. */
  step: number;
  after: 'kill' | 'power_cut';
  files: MemoryFileSystem;
  tree: string[];
  version: string | undefined;
  suspect: boolean;
  /** What the launcher keeps of its own. */
  own: string[];
}

/**
 * Cuts some work short before every one of its steps, by a kill, which loses nothing that was written, and by a power cut, which
 * loses, tears and reorders what was not synced. Each time the install is recovered, with further cuts while that goes on.
 */
export async function* cutEverywhere(
  base: MemoryFileSystem,
  work: (files: MemoryFileSystem) => Promise<unknown>,
  { random, ways = ['kill', 'power_cut'] }: { random: () => number; ways?: readonly Survivor['after'][] },
): AsyncGenerator<Survivor, void> {
  const whole = base.clone();
  await work(whole);
  for (let step = 0; step < whole.steps; step += 1) {
    for (const after of ways) {
      const cut = base.clone({ cutAtStep: step });
      await expectCut(work(cut));
      const files = await recoverWithCuts(after === 'kill' ? cut.clone() : cut.afterPowerCut(random), random);
      const state = await readState(files);
      const { installed, suspect = false } = state ?? {};
      const own = (await files.list(STATE_DIRECTORY)).map(({ name }) => name);
      yield { step, after, files, tree: await describeTree(files), version: installed?.version, suspect, own };
    }
  }
}

/** Recovery with the power going off in it again and again. */
export async function recoverWithCuts(files: MemoryFileSystem, random: () => number): Promise<MemoryFileSystem> {
  let disk = files;
  for (let cuts = 0; cuts < CUTS_IN_RECOVERY_MAX; cuts += 1) {
    const attempt = disk.clone({ cutAtStep: randomInteger(random, 0, RECOVERY_STEPS_MAX) });
    try {
      await recover(attempt);
      return attempt.clone();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      disk = random() < 0.5 ? attempt.clone() : attempt.afterPowerCut(random);
    }
  }
  const last = disk.clone();
  await recover(last);
  return last;
}

async function expectCut(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof PowerCut) return;
    throw error;
  }
  throw new Error('the work was done before its power was cut');
}

/** What the launcher has of its own when nothing is under way. */
const LASTING = ['files', 'history', 'releases', 'state', 'undo'];

/** What a move that is done should have taken away. */
export function leftoversOf({ own }: Pick<Survivor, 'own'>, lasting: readonly string[] = []): string[] {
  return own.filter((name) => ![...LASTING, ...lasting].includes(name));
}
