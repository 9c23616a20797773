import { COMMANDS } from './commands.mjs';
import { rehearse } from './rehearsal.mjs';
import { playRound } from './round.mjs';
import { CrashScene } from './scene.mjs';

/** Each is a few processes that take turns. */
const ROUNDS_AT_ONCE = 2;
const ALL = Object.keys(COMMANDS);
/** Large enough that it is written where it lies. */
const HUGE_BYTES = 17 * 1024 * 1024;

/**
 * Plays rounds of interruptions.
 *
 * @param settings `first` is the number of the first round; `hugeBytes` is 0 where there is no time for a large file, nor for all `commands`; `tell` is called with each round's result as it ends.
 * @returns All results, in the order of their numbers, and where broken installs were left, if any.
 */
export async function playRounds({
  seed,
  first,
  rounds,
  hugeBytes = HUGE_BYTES,
  commands = ALL,
  tell = () => undefined,
}) {
  const scene = await CrashScene.open({ seed, hugeBytes });
  const results = [];
  let next = first;
  const takeTurns = async () => {
    while (next < first + rounds) {
      const number = next;
      next += 1;
      const result = await playRound(scene, rehearsed, { seed, number });
      results.push(result);
      tell(result);
    }
  };
  let rehearsed;
  try {
    rehearsed = await rehearse(scene, commands);
    await Promise.all(Array.from({ length: ROUNDS_AT_ONCE }, takeTurns));
  } finally {
    await scene.close({ keep: results.some(({ broken }) => broken !== undefined) });
  }
  return { results: results.sort((a, b) => a.number - b.number), directory: scene.directory, rehearsed };
}
