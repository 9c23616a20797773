import type { PatchSummary } from '@swarmpatch/api-contract';
import type { UpdatePlan } from '@swarmpatch/plan';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  PATCH_ASK_MS,
  PATCH_PLANNING_MS,
  PATCH_WAIT_MS_MAX,
  PATCH_WAIT_MS_MIN,
  type PatchProspect,
  PatchWait,
  patchWaitMs,
  prospectOf,
} from './patch-wait.ts';

const planOf = (kind: 'pieces' | 'full' | 'patch' | 'none', downloadSeconds: number): Pick<UpdatePlan, 'chosen'> => ({
  chosen: {
    ...{ kind, verdict: 'chosen', reason: '', steps: [], space: 'usual', seconds: downloadSeconds },
    ...{ downloadBytes: 0, readBytes: 0, writeBytes: 0, scratchBytes: 0, rewrittenBytes: 0 },
    cost: { downloadSeconds, diskSeconds: 1000, patchSeconds: 0, riskSeconds: 0 },
  },
});
const summary = (from: string, state: PatchSummary['state']): PatchSummary => ({ from, to: '2.0.0', state });

describe('prospectOf()', () => {
  it.each([
    ['waiting', 'coming'],
    ['running', 'coming'],
    ['ready', 'none'],
    ['rejected', 'none'],
    ['failed', 'none'],
  ] as const)('takes a patch that is %s for: %s', (state, prospect) => {
    expect(prospectOf([summary('1.1.0', 'running'), summary('1.0.0', state)], '1.0.0')).toBe(prospect);
  });

  it('expects no patch from a release that others get one from, and knows nothing while there is none at all', () => {
    expect(prospectOf([summary('1.1.0', 'running')], '1.0.0')).toBe('none');
    expect(prospectOf([], '1.0.0')).toBe('undecided');
  });
});

describe('patchWaitMs()', () => {
  it('is what a patch is taken to save: half of what the pieces take to come', () => {
    expect(patchWaitMs(planOf('pieces', 60))).toBe(30_000);
    expect(patchWaitMs(planOf('full', 60))).toBe(30_000);
  });

  it('has a limit, and is nothing for little', () => {
    expect(patchWaitMs(planOf('pieces', 1e6))).toBe(PATCH_WAIT_MS_MAX);
    expect(patchWaitMs(planOf('pieces', (2 * PATCH_WAIT_MS_MIN) / 1000 - 1))).toBe(0);
  });

  it('is nothing where patches that are there make the release, or where nothing is fetched', () => {
    expect(patchWaitMs(planOf('patch', 1e6))).toBe(0);
    expect(patchWaitMs(planOf('none', 0))).toBe(0);
  });
});

describe('PatchWait', () => {
  const begin = (downloadSeconds: number, random = 1): PatchWait => {
    const wait = new PatchWait('1.0.0', '2.0.0', 0, () => random);
    wait.bound(planOf('pieces', downloadSeconds), 0);
    return wait;
  };

  it('asks from time to time, and ends when the patch is there', () => {
    const wait = begin(600);
    expect(wait.next('coming', 0)).toBe(PATCH_ASK_MS);
    expect(wait.next('coming', 30_000)).toBe(PATCH_ASK_MS);
    expect(wait.next('none', 60_000)).toBe(0);
    expect(wait.isOver(60_000)).toBe(true);
  });

  it('ends when it has taken what the patch would save, and does not begin again', () => {
    const wait = begin(80);
    expect(wait.next('coming', 30_000)).toBe(10_000);
    expect(wait.isOver(40_000)).toBe(true);
    expect(wait.next('coming', 40_000)).toBe(0);
  });

  it('never waits for a patch that failed, whatever is said of it later', () => {
    const wait = begin(600);
    expect(wait.next('none', 0)).toBe(0);
    expect(wait.next('coming', 1)).toBe(0);
  });

  it('gives an origin a moment to decide which patches it makes', () => {
    const wait = begin(600);
    expect(wait.next('undecided', 1000)).toBe(PATCH_PLANNING_MS - 1000);
    expect(wait.next('undecided', PATCH_PLANNING_MS)).toBe(0);
  });

  it('does not end for all players in one moment', () => {
    expect(begin(80, 0).isOver(30_000)).toBe(true);
    expect(begin(80, 0.5).isOver(30_000)).toBe(false);
  });

  it('is over within its bound and asks at a bearable rate, whatever the origin says', () => {
    const prospect = fc.constantFrom<PatchProspect>('undecided', 'coming', 'none');
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.array(prospect), fc.nat(1e5), fraction, (said, seconds, random) => {
        const wait = new PatchWait('1.0.0', '2.0.0', 0, () => random);
        wait.bound(planOf('pieces', seconds), 0);
        expect(wait.boundMs).toBeLessThanOrEqual(PATCH_WAIT_MS_MAX);
        let [nowMs, asked] = [0, 0];
        for (; !wait.isOver(nowMs); asked += 1) nowMs += wait.next(said[asked] ?? 'coming', nowMs);
        expect(nowMs).toBeLessThanOrEqual(wait.boundMs + 1e-6);
        expect(asked).toBeLessThanOrEqual(3 + PATCH_WAIT_MS_MAX / (0.75 * PATCH_ASK_MS));
      }),
    );
  });
});
