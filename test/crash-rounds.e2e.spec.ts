import { describe, expect, it } from 'vitest';
import { playRounds } from '../tools/crash/harness.mjs';
import { drawSeed } from './support/seed.ts';

/** One of each scenario. `npm run crash` plays hundreds. */
const ROUNDS = 8;
const COMMANDS = ['update of a changed install', 'rollback'];

describe('an install', () => {
  it('is the old release or the new one, whole, whatever interrupts a command', async () => {
    const seed = drawSeed('crash rounds');
    const { results } = await playRounds({ seed, first: 0, rounds: ROUNDS, hugeBytes: 0, commands: COMMANDS });
    expect(results.flatMap(({ broken }) => broken ?? [])).toEqual([]);
    expect(results).toHaveLength(ROUNDS);
  }, 240_000);
});
