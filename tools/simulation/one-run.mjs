// Runs one simulation; its options are JSON in the first argument, its outcome is JSON on stdout.
import { BrokenInvariant, runScenario } from '@swarmpatch/testkit';

const options = JSON.parse(process.argv[2]);
const began = performance.now();
try {
  const report = runScenario({ ...options, onSecond: process.stderr.isTTY ? tell : undefined });
  const wallSeconds = (performance.now() - began) / 1000;
  print({ report, wallSeconds, memoryBytes: process.resourceUsage().maxRSS * 1024 });
} catch (error) {
  if (!(error instanceof BrokenInvariant)) throw error;
  print({ broken: { invariant: error.invariant, seed: options.seed, message: error.message } });
}

function tell({ second, unfinished }) {
  process.stderr.write(`\r${second} simulated seconds, ${unfinished} launchers at work   `);
}

function print(outcome) {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(JSON.stringify(outcome));
}
