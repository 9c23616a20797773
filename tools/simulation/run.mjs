import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const CROWD_SIZES = [1, 10, 100, 1_000, 10_000];
/** Ten thousand engines take several gigabytes. */
const HEAP_MIB_MAX = 12_000;
/** What travels between ten thousand engines is gone soon: in a small young generation it would count as here to stay. */
const YOUNG_MIB = { min: 16, max: 128, perLauncher: 1 / 64 };

/**
 * Runs one simulation after the other, each in a process of its own.
 *
 * @param settings As `readSettings` gives them; every crowd size is run with every seed.
 * @param tell Called with each outcome: `{ report, wallSeconds, memoryBytes }` or `{ broken: { invariant, message } }`.
 */
export async function run({ launchers, seed, seeds, ...rest }, tell) {
  const outcomes = [];
  for (const size of launchers) {
    for (let next = seed; next < seed + seeds; next += 1) {
      const outcome = await runOne({ ...rest, launchers: size, seed: next });
      tell(outcome);
      outcomes.push(outcome);
    }
  }
  return outcomes;
}

async function runOne(options) {
  const script = fileURLToPath(new URL('one-run.mjs', import.meta.url));
  const youngMib = Math.min(
    YOUNG_MIB.max,
    Math.max(YOUNG_MIB.min, Math.ceil(options.launchers * YOUNG_MIB.perLauncher)),
  );
  const heap = [`--max-old-space-size=${HEAP_MIB_MAX}`, `--max-semi-space-size=${youngMib}`];
  const argv = [...heap, script, JSON.stringify(options)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  if (code !== 0)
    throw new Error(`simulate seed ${options.seed}: exit code ${code}, wanted 0; what it printed is above`);
  return JSON.parse(Buffer.concat(chunks).toString());
}
