import { randomInteger, seededRandom } from '@swarmpatch/testkit';
import { COMMANDS, NEXT_COMMANDS } from './commands.mjs';

/** In turn, so that a short run has some of each; kills at named steps are most, since there are most of those. */
export const SCENARIOS = [
  'kill at a step',
  'kill at any time',
  'full disk at a step',
  'kill, and corrupt a file',
  'kill, and kill the recovery',
  'kill at a step',
  'corrupt a file',
  'small disk',
  'kill at a step',
  'refusal at a step',
  'full disk at a step',
  'kill at a step',
  'kill at a step',
];

const REFUSALS = ['EIO', 'EACCES', 'EBUSY'];
const KINDS_OF_KILL = ['kill_before', 'kill_after', 'kill_within'];
/** After the journal is there, and before it is gone. */
const IN_COMMIT =
  /^(rename into|remove|make directory|change mode of|sync|write|set length of) (game files|kept)$|^rename into (state|files|journal\.done)$/;
const TAKES_ROOM = /^(write|create|copy|link|make directory|rename into|sync) /;
/** Changes of a recovery before it is killed in its turn. */
const RECOVERY_CHANGES_MAX = 40;
/** Of a release; little room is more interesting than much. */
const SPARE_SHARE_MAX = 1.6;
/** Steps that follow each other in the rounds of a scenario lie this far apart in the list, so that few rounds see all commands. */
const STRIDE = 37;

/**
 * Draws what a round does. All of it follows from the seed and the number.
 *
 * @param rehearsed As `rehearse` gives it.
 * @returns {{ scenario: string, name: string, command: object, next: string, random: () => number, what: string,
 *   plan?: object, killAfterMs?: number, recoveryKills?: number[], spareShare?: number }}
 */
export function drawRound(rehearsed, { seed, number }) {
  const random = seededRandom(seed * 1_000_003 + number);
  const scenario = SCENARIOS[number % SCENARIOS.length];
  const next = pick(random, NEXT_COMMANDS);
  const drawn = drawFault(rehearsed, scenario, { seed, number, random });
  return { scenario, next, random, ...drawn, command: COMMANDS[drawn.name] };
}

function drawFault(rehearsed, scenario, { seed, number, random }) {
  const atStep = (fits, kind, more = {}) => {
    const points = listPoints(rehearsed, fits);
    const { name, thread, step, count } = points[(turnOf(scenario, number) * STRIDE + seed) % points.length];
    const fault = { thread, step, occurrence: randomInteger(random, 1, count), kind, ...more };
    return { name, fault, what: `${kind} ${thread} ${step} (${fault.occurrence} of ${count})` };
  };
  const name = pick(random, Object.keys(rehearsed));
  if (scenario === 'kill at a step') return atStep(() => true, pick(random, KINDS_OF_KILL));
  if (scenario === 'full disk at a step') return atStep((step) => TAKES_ROOM.test(step), 'refuse', { errno: 'ENOSPC' });
  if (scenario === 'refusal at a step') return atStep(() => true, 'refuse_once', { errno: pick(random, REFUSALS) });
  if (scenario === 'kill, and kill the recovery') {
    const killed = atStep((step) => IN_COMMIT.test(step), pick(random, KINDS_OF_KILL));
    const recoveryKills = Array.from({ length: randomInteger(random, 1, 3) }, () =>
      randomInteger(random, 1, RECOVERY_CHANGES_MAX),
    );
    return {
      ...killed,
      recoveryKills,
      what: `${killed.what}, then changes ${recoveryKills.join(', ')} of the recovery`,
    };
  }
  if (scenario === 'kill, and corrupt a file')
    return atStep((step) => IN_COMMIT.test(step), pick(random, KINDS_OF_KILL));
  if (scenario === 'corrupt a file') {
    const from = pick(random, ['old', 'new', 'damaged']);
    const [corrupted] = Object.entries(COMMANDS).find(([, command]) => command.from === from);
    return { name: corrupted, what: 'at rest' };
  }
  if (scenario === 'small disk') {
    const spareShare = SPARE_SHARE_MAX * random() ** 2;
    return { name, spareShare, what: `${spareShare.toFixed(3)} of a release of room` };
  }
  const killAfterMs = Math.round(rehearsed[name].milliseconds * (0.2 + 0.9 * random()));
  return { name, killAfterMs, what: `after ${killAfterMs} ms` };
}

/** Every named step of every command, in an order that only the commands decide. */
function listPoints(rehearsed, fits) {
  return Object.entries(rehearsed).flatMap(([name, { points }]) =>
    points.filter(({ step }) => fits(step)).map((point) => ({ name, ...point })),
  );
}

/** How many rounds of the same scenario come before this one. */
function turnOf(scenario, number) {
  const inTurn = SCENARIOS.filter((each) => each === scenario).length;
  const before = SCENARIOS.slice(0, number % SCENARIOS.length).filter((each) => each === scenario).length;
  return Math.floor(number / SCENARIOS.length) * inTurn + before;
}

function pick(random, items) {
  return items[randomInteger(random, 0, items.length - 1)];
}
