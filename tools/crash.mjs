// `npm run crash`: interrupts real launchers at every step, and looks what is left. See docs/crash-rounds.md.
import { parseArgs } from 'node:util';
import { prepare, say } from './prepare.mjs';

const usage = `usage: npm run crash -- [--rounds N] [--seed S] [--round K] [--json]

  --rounds N   how many interruptions (100)
  --seed S     everything that is drawn follows from it (1)
  --round K    only this one, as a failure names it
  --json       print each round as JSON, one a line

example: npm run crash -- --rounds 500 --seed 7`;

try {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      round: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) process.stdout.write(`${usage}\n`);
  else {
    const seed = wholeNumber('seed', values.seed);
    const rounds = values.round === undefined ? wholeNumber('rounds', values.rounds) : 1;
    const first = values.round === undefined ? 0 : wholeNumber('round', values.round);
    await prepare();
    const { playRounds } = await import('./crash/harness.mjs');
    const { describeRounds, describeRound } = await import('./crash/description.mjs');
    const began = performance.now();
    let count = 0;
    const tell = (result) => {
      count += 1;
      if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
      else if (result.broken !== undefined) process.stdout.write(`${describeRound(result, seed)}\n`);
      if (process.stderr.isTTY) process.stderr.write(`\r${count} of ${rounds} rounds `);
    };
    const played = await playRounds({ seed, first, rounds, tell });
    const seconds = (performance.now() - began) / 1000;
    if (!values.json) process.stdout.write(`${describeRounds({ ...played, seed, seconds })}\n`);
    if (played.results.some(({ broken }) => broken !== undefined)) process.exitCode = 1;
  }
} catch (error) {
  const isUsage = String(error.code).startsWith('ERR_PARSE_ARGS');
  say(isUsage ? `${error.message}\n${usage}` : error.message);
  process.exitCode = isUsage ? 2 : 1;
}

function wholeNumber(name, text) {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw Object.assign(new Error(`read --${name}: found "${text}", wanted a whole number`), {
    code: 'ERR_PARSE_ARGS_VALUE',
  });
}
