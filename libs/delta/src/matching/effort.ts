/** What an effort of 1 to 9 means for matching. */
export interface MatchEffort {
  readonly anchorStrideBytes: number;
  readonly anchorLengthMin: number;
  readonly hashLengths: readonly number[];
  readonly strideBytes: number;
  readonly anchorEdgeBytes: number;
  readonly reach: number;
  readonly lengthEnough: number;
  readonly strideBytesMax: number;
}

const FAST: MatchEffort = {
  anchorStrideBytes: 32,
  anchorLengthMin: 32,
  hashLengths: [12],
  strideBytes: 1,
  anchorEdgeBytes: 32,
  reach: 1,
  lengthEnough: 16,
  strideBytesMax: 16,
};
const MIDDLE: MatchEffort = {
  anchorStrideBytes: 16,
  anchorLengthMin: 32,
  hashLengths: [5, 10],
  strideBytes: 1,
  anchorEdgeBytes: 32,
  reach: 1,
  lengthEnough: 24,
  strideBytesMax: 8,
};
const DEEP: MatchEffort = {
  anchorStrideBytes: 16,
  anchorLengthMin: 64,
  hashLengths: [4, 6, 10, 18],
  strideBytes: 1,
  anchorEdgeBytes: 2048,
  reach: 2,
  lengthEnough: 64,
  strideBytesMax: 2,
};

const EFFORTS: readonly MatchEffort[] = [
  { ...FAST, anchorStrideBytes: 64 },
  FAST,
  { ...FAST, hashLengths: [8] },
  { ...MIDDLE, hashLengths: [8], strideBytes: 2, strideBytesMax: 16 },
  { ...MIDDLE, hashLengths: [7], strideBytes: 2 },
  { ...MIDDLE, hashLengths: [6], strideBytes: 2 },
  { ...MIDDLE, hashLengths: [5, 10] },
  DEEP,
  { ...DEEP, reach: 4, lengthEnough: 96, strideBytesMax: 1 },
];

/** @param effort 1 to 9. */
export function matchEffort(effort: number): MatchEffort {
  return EFFORTS[effort - 1] ?? DEEP;
}
