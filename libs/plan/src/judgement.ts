/** Which option wins, and why the others do not. */
import type { Cost } from './costs.ts';
import type { PlanKind, PlanOption, PricedOption } from './plan-option.ts';

const PARTS: readonly (readonly [keyof Cost, string])[] = [
  ['downloadSeconds', 'for the download'],
  ['diskSeconds', 'for the disk'],
  ['patchSeconds', 'for making files from patches'],
  ['riskSeconds', 'for what may go wrong'],
];

/** Where all else is equal: what reuses nothing is not called reuse. */
const RANK: Readonly<Record<PlanKind, number>> = { none: 0, full: 1, pieces: 2, patch: 3 };

/**
 * @param priced At least one.
 * @returns Ranked: the chosen one first, then what is possible, cheapest first. Where nothing fits into the scratch space, the
 *   one that wants the least of it is first, and its verdict is `impossible` too.
 */
export function judge(priced: readonly PricedOption[], scratchBytesMax: number): PlanOption[] {
  const fits = (option: PricedOption): boolean => option.scratchBytes <= scratchBytesMax;
  const ranked = [...priced].sort(compareOptions);
  const possible = ranked.filter(fits);
  const [winner, second] = possible;
  if (winner === undefined) {
    ranked.sort((left, right) => left.scratchBytes - right.scratchBytes || compareOptions(left, right));
    return ranked.map((option) => impossible(option, scratchBytesMax));
  }
  return [
    { ...winner, verdict: 'chosen', reason: whyChosen(winner, second) },
    ...possible
      .slice(1)
      .map((option): PlanOption => ({ ...option, verdict: 'costlier', reason: whyLost(option, winner) })),
    ...ranked.filter((option) => !fits(option)).map((option) => impossible(option, scratchBytesMax)),
  ];
}

function impossible(option: PricedOption, scratchBytesMax: number): PlanOption {
  const { scratchBytes } = option;
  const reason = `wants ${scratchBytes} bytes of free space, found ${Math.max(0, scratchBytesMax)}: ${scratchBytes - scratchBytesMax} more are needed`;
  return { ...option, verdict: 'impossible', reason };
}

function whyChosen(winner: PricedOption, second: PricedOption | undefined): string {
  const taking = `takes about ${inWords(winner.seconds)}`;
  if (second === undefined) return `${taking}; no other way is possible`;
  if (second.seconds === winner.seconds) return `${taking}, as ${nameOption(second)} does, and is simpler`;
  return `${taking}, ${inWords(second.seconds - winner.seconds)} less than ${nameOption(second)}: ${largestDifference(second, winner, 'less')}`;
}

function whyLost(option: PricedOption, winner: PricedOption): string {
  const taking = `takes about ${inWords(option.seconds)}`;
  if (option.seconds === winner.seconds) return `${taking}, as ${nameOption(winner)} does, which is simpler`;
  return `${taking}, ${inWords(option.seconds - winner.seconds)} more than ${nameOption(winner)}: ${largestDifference(option, winner, 'more')}`;
}

function largestDifference(costlier: PricedOption, cheaper: PricedOption, word: 'less' | 'more'): string {
  let largest = { seconds: 0, what: '' };
  for (const [part, what] of PARTS) {
    const seconds = costlier.cost[part] - cheaper.cost[part];
    if (seconds > largest.seconds) largest = { seconds, what };
  }
  return `${inWords(largest.seconds)} ${word} ${largest.what}`;
}

/** The way in a few words, such as `patch by way of 1.1.0` or `patch to 1.1.0, then pieces`. */
export function nameOption({ kind, steps, space }: Pick<PricedOption, 'kind' | 'steps' | 'space'>): string {
  if (space === 'least') return `${kind} with the least space`;
  const between = steps.slice(0, -1).map(({ to }) => to);
  if (between.length === 0) return kind;
  const first = steps[0]?.by;
  const turn = steps.findIndex(({ by }) => by !== first);
  if (turn < 0) return `${kind} by way of ${between.join(', ')}`;
  const [before, after] = [between.slice(0, turn), between.slice(turn)].map((versions) => versions.join(', '));
  const on = after === '' ? '' : ` by way of ${after}`;
  return `${first} to ${before}, then ${steps[turn]?.by}${on}`;
}

/** Three digits are more than is known. */
function inWords(seconds: number): string {
  return seconds > 0 && seconds < 0.001 ? 'under a millisecond' : `${Number(seconds.toPrecision(3))} s`;
}

function compareOptions(left: PricedOption, right: PricedOption): number {
  return (
    left.seconds - right.seconds ||
    left.downloadBytes - right.downloadBytes ||
    left.scratchBytes - right.scratchBytes ||
    RANK[left.kind] - RANK[right.kind] ||
    left.steps.length - right.steps.length ||
    compareText(pathOf(left), pathOf(right))
  );
}

function pathOf({ steps }: PricedOption): string {
  return steps.map(({ by, to }) => `${by} ${to}`).join(' ');
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
