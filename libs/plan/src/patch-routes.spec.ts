import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PatchOffer } from './patch-offer.ts';
import { CHAIN_PATCHES_MAX, findPatchRoutes, type PatchRoute } from './patch-routes.ts';

/** A price that is easy to reckon with: bytes are seconds, what is written is scratch space. */
const priceOf = (offer: PatchOffer): { seconds: number; scratchBytes: number } => ({
  seconds: offer.bytes,
  scratchBytes: offer.writtenBytes,
});

function offer(from: string, to: string, bytes: number, writtenBytes: number): PatchOffer {
  return { from, to, bytes, writtenBytes, readBytes: 0 };
}

function find(offers: PatchOffer[], scratchBytesMax = Infinity): PatchRoute[] {
  return findPatchRoutes({ from: '1', to: '9', offers, priceOf, scratchBytesMax });
}

const shown = (route: PatchRoute | undefined): string[] | undefined =>
  route && [...route.links.map((link) => link.from), `${route.seconds}`];

/** Every way without a repeated version, by trying them all. */
function allRoutes(offers: readonly PatchOffer[], from = '1', seen: readonly string[] = []): PatchRoute[] {
  if (from === '9') return [{ links: [], seconds: 0, scratchBytes: 0 }];
  if (seen.length === CHAIN_PATCHES_MAX || seen.includes(from)) return [];
  return offers
    .filter((link) => link.from === from)
    .flatMap((link) =>
      allRoutes(offers, link.to, [...seen, from]).map((rest) => ({
        links: [link, ...rest.links],
        seconds: link.bytes + rest.seconds,
        scratchBytes: link.writtenBytes + rest.scratchBytes,
      })),
    );
}

const graphs = fc
  .uniqueArray(
    fc.record({
      from: fc.integer({ min: 1, max: 9 }).map(String),
      to: fc.integer({ min: 1, max: 9 }).map(String),
      bytes: fc.integer({ min: 0, max: 20 }),
      writtenBytes: fc.integer({ min: 0, max: 20 }),
    }),
    { selector: ({ from, to }) => `${from} ${to}`, maxLength: 30 },
  )
  .map((links) =>
    links.filter(({ from, to }) => from !== to).map((link) => offer(link.from, link.to, link.bytes, link.writtenBytes)),
  );

describe('findPatchRoutes()', () => {
  it('prefers a chain to a direct patch that costs more', () => {
    const offers = [offer('1', '9', 10, 1), offer('1', '5', 3, 1), offer('5', '9', 4, 1)];
    expect(find(offers).map(shown)).toEqual([
      ['1', '5', '7'],
      ['1', '10'],
    ]);
  });

  it('takes the costlier chain where the cheaper does not fit, and shows both', () => {
    const offers = [offer('1', '5', 1, 5), offer('5', '9', 1, 50), offer('5', '6', 1, 1), offer('6', '9', 5, 1)];
    expect(find(offers, 10).map(shown)).toEqual([
      ['1', '5', '2'],
      ['1', '5', '6', '7'],
    ]);
  });

  it('ends where there are circles, and finds no way where there is none', () => {
    const circles = [offer('1', '2', 0, 0), offer('2', '3', 0, 0), offer('3', '2', 0, 0), offer('3', '1', 0, 0)];
    expect(find(circles)).toEqual([]);
    expect(find([...circles, offer('3', '9', 1, 1), offer('9', '3', 0, 0)]).map(shown)).toEqual([['1', '2', '3', '1']]);
  });

  it(`joins no more than ${CHAIN_PATCHES_MAX} patches`, () => {
    const version = (index: number): string => (index === 0 ? '9' : `8.${index}`);
    const chain = (length: number): PatchOffer[] =>
      Array.from({ length }, (_, index) =>
        offer(index + 1 === length ? '1' : version(index + 1), version(index), 1, 1),
      );
    expect(find(chain(CHAIN_PATCHES_MAX))).toHaveLength(1);
    expect(find(chain(CHAIN_PATCHES_MAX + 1))).toEqual([]);
  });

  it('finds the cheapest way that fits, as trying all of them does', () => {
    fc.assert(
      fc.property(graphs, fc.integer({ min: 0, max: 60 }), (offers, scratchBytesMax) => {
        const fits = (route: PatchRoute): boolean => route.scratchBytes <= scratchBytesMax;
        const [best] = find(offers, scratchBytesMax).filter(fits);
        const wanted = allRoutes(offers)
          .filter(fits)
          .reduce<number | undefined>((least, { seconds }) => Math.min(least ?? seconds, seconds), undefined);
        expect(best?.seconds).toBe(wanted);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same answer in whatever order patches are offered', () => {
    const orders = graphs.chain((offers) =>
      fc.tuple(fc.constant(offers), fc.shuffledSubarray(offers, { minLength: offers.length })),
    );
    fc.assert(
      fc.property(orders, ([offers, shuffled]) => {
        expect(find(shuffled, 30)).toEqual(find(offers, 30));
      }),
    );
  });

  it('finds a way through hundreds of versions and thousands of patches', () => {
    const versions = Array.from({ length: 500 }, (_, index) => `${index + 100}`);
    versions[0] = '1';
    versions[499] = '9';
    const offers = versions.flatMap((from, index) =>
      [1, 2, 3, 5, 8, 13, 21, 34, 55, 100].flatMap((step) => {
        const to = versions[index + step];
        return to === undefined ? [] : [offer(from, to, step * step + (index % 7), 97 - step + (index % 11))];
      }),
    );
    expect(offers.length).toBeGreaterThan(4000);
    const [best] = find(offers, 800);
    expect(best?.links.length).toBeLessThanOrEqual(CHAIN_PATCHES_MAX);
    expect(best?.scratchBytes).toBeLessThanOrEqual(800);
  });
});
