/** What an effort of 1 to 9 means for matching. */
export interface MatchEffort {
  readonly anchorStrideBytes: number;
  readonly anchorStepBytes: number;
  readonly anchorHashLength: number;
  readonly anchorReach: number;
  readonly anchorLengthMin: number;
  readonly hashLengths: readonly number[];
  readonly nearHashLength: number;
  readonly strideBytes: number;
  readonly anchorEdgeBytes: number;
  readonly reach: number;
  readonly lengthEnough: number;
  readonly restBytes: number;
  readonly strideBytesMax: number;
}

const FAST: MatchEffort = {
  anchorStrideBytes: 16,
  anchorStepBytes: 3,
  anchorHashLength: 16,
  anchorReach: 1,
  anchorLengthMin: 32,
  hashLengths: [8],
  nearHashLength: 4,
  strideBytes: 16,
  anchorEdgeBytes: 32,
  reach: 1,
  lengthEnough: 16,
  restBytes: 4,
  strideBytesMax: 16,
};
const MIDDLE: MatchEffort = { ...FAST, strideBytes: 8, restBytes: 6 };
const DEEP: MatchEffort = {
  ...{ anchorStrideBytes: 16, anchorStepBytes: 1, anchorHashLength: 32, anchorReach: 4, anchorLengthMin: 64 },
  hashLengths: [4, 6, 10, 18],
  nearHashLength: 4,
  strideBytes: 1,
  anchorEdgeBytes: 2048,
  reach: 2,
  lengthEnough: 64,
  restBytes: Infinity,
  strideBytesMax: 2,
};

const EFFORTS: readonly MatchEffort[] = [
  { ...FAST, anchorStrideBytes: 32 },
  FAST,
  FAST,
  { ...MIDDLE, restBytes: 4 },
  MIDDLE,
  MIDDLE,
  {
    ...MIDDLE,
    ...{ anchorStepBytes: 1, anchorHashLength: 32, anchorReach: 4, hashLengths: [5, 10], strideBytes: 1 },
    ...{ lengthEnough: 24, restBytes: Infinity, strideBytesMax: 8 },
  },
  DEEP,
  { ...DEEP, reach: 4, lengthEnough: 96, strideBytesMax: 1 },
];

/** @param effort 1 to 9. */
export function matchEffort(effort: number): MatchEffort {
  return EFFORTS[effort - 1] ?? DEEP;
}
