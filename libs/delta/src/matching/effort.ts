import type { ParseIndex } from './parse.ts';

/** How anchors are looked for. */
export interface AnchorEffort {
  readonly strideBytes: number;
  readonly stepBytes: number;
  readonly hashLength: number;
  readonly reach: number;
  readonly lengthMin: number;
}

/** How what anchors leave is parsed. */
interface ParseEffort {
  readonly indexes: readonly ParseIndex[];
  readonly nearBytesAByte: number;
  readonly strideBytes: number;
  readonly anchorEdgeBytes: number;
  readonly reach: number;
  readonly lengthEnough: number;
  readonly restBytes: number;
  readonly shortenedBytesMax: number;
  readonly strideBytesMax: number;
}

interface Search {
  readonly anchors: AnchorEffort;
  readonly parse: ParseEffort;
}

/** What an effort of 1 to 9 means for matching. */
export interface MatchEffort {
  readonly usual: Search;
  /** Instead, where the anchors of the usual search leave no more than `LITTLE_BYTES_MAX`: what is dear for much is cheap for little. */
  readonly little: Search;
}

/** What anchors may leave to be parsed for that to be little. */
export const LITTLE_BYTES_MAX: number = 4 * 1024 * 1024;

const SPARSE_ANCHORS: AnchorEffort = { strideBytes: 16, stepBytes: 3, hashLength: 16, reach: 1, lengthMin: 32 };
const DENSE_ANCHORS: AnchorEffort = { strideBytes: 16, stepBytes: 1, hashLength: 32, reach: 4, lengthMin: 32 };
const LONG_ANCHORS: AnchorEffort = { ...DENSE_ANCHORS, lengthMin: 64 };

const FAST: ParseEffort = {
  indexes: anyPlacesOf(8),
  nearBytesAByte: 1,
  strideBytes: 16,
  anchorEdgeBytes: 32,
  reach: 1,
  lengthEnough: 16,
  restBytes: 4,
  shortenedBytesMax: 16,
  strideBytesMax: 16,
};
const MIDDLE: ParseEffort = { ...FAST, strideBytes: 8, restBytes: 6 };
const THOROUGH: ParseEffort = {
  ...MIDDLE,
  indexes: [
    { hashLength: 5, entriesAByte: 8 },
    { hashLength: 10, entriesAByte: 32 },
  ],
  ...{ nearBytesAByte: 4, strideBytes: 2, reach: 4 },
  ...{ lengthEnough: 24, restBytes: Infinity, shortenedBytesMax: 96, strideBytesMax: 8 },
};
const DEEP: ParseEffort = {
  indexes: anyPlacesOf(4, 6, 10, 18),
  nearBytesAByte: 4,
  strideBytes: 1,
  anchorEdgeBytes: 2048,
  reach: 2,
  lengthEnough: 64,
  restBytes: Infinity,
  shortenedBytesMax: 96,
  strideBytesMax: 2,
};
const DEEPEST: ParseEffort = { ...DEEP, reach: 4, lengthEnough: 96, strideBytesMax: 1 };

const FASTEST_SEARCH: Search = { anchors: { ...SPARSE_ANCHORS, strideBytes: 32 }, parse: FAST };
const FAST_SEARCH: Search = { anchors: SPARSE_ANCHORS, parse: FAST };
const MIDDLE_SEARCH: Search = { anchors: SPARSE_ANCHORS, parse: MIDDLE };
const THOROUGH_SEARCH: Search = { anchors: DENSE_ANCHORS, parse: THOROUGH };
const DEEP_SEARCH: Search = { anchors: LONG_ANCHORS, parse: DEEP };
const DEEPEST_SEARCH: Search = { anchors: LONG_ANCHORS, parse: DEEPEST };

const EFFORTS: readonly MatchEffort[] = [
  { usual: FASTEST_SEARCH, little: FASTEST_SEARCH },
  { usual: FAST_SEARCH, little: FAST_SEARCH },
  { usual: FAST_SEARCH, little: MIDDLE_SEARCH },
  { usual: { ...MIDDLE_SEARCH, parse: { ...MIDDLE, restBytes: 4 } }, little: THOROUGH_SEARCH },
  { usual: MIDDLE_SEARCH, little: THOROUGH_SEARCH },
  { usual: MIDDLE_SEARCH, little: THOROUGH_SEARCH },
  { usual: { ...THOROUGH_SEARCH, parse: { ...THOROUGH, strideBytes: 1 } }, little: DEEP_SEARCH },
  { usual: DEEP_SEARCH, little: DEEP_SEARCH },
  { usual: DEEPEST_SEARCH, little: DEEPEST_SEARCH },
];

function anyPlacesOf(...hashLengths: number[]): ParseIndex[] {
  return hashLengths.map((hashLength) => ({ hashLength, entriesAByte: Infinity }));
}

/** @param effort 1 to 9. */
export function matchEffort(effort: number): MatchEffort {
  return EFFORTS[effort - 1] ?? { usual: DEEP_SEARCH, little: DEEP_SEARCH };
}
