/** What a file cost in a patch, and what is known of it. */
export interface FileOutcome {
  readonly path: string;
  readonly lengthBytes: number;
  /** Of its bytes, those that nothing was found for. */
  readonly literalBytes: number;
  /** Whether the old release has a file at the same path. */
  readonly replaces: boolean;
  /** Of the file, in bits a byte: 0 to 8. */
  readonly entropyBits: number;
}

export interface DefeatedFile {
  readonly path: string;
  /** What players fetch for it at least, again with each release. */
  readonly costBytes: number;
}

/** Smaller files are not worth a word. */
const LENGTH_BYTES_MIN = 64 * 1024;
/** Compressed, encrypted or shuffled bytes have nearly eight bits of entropy each. */
const ENTROPY_BITS_MIN = 7.5;
const LITERAL_SHARE_MIN = 0.5;

/**
 * Files whose build defeats patching: the old release has the file, the bytes of the new one are compressed or mixed as a whole, and
 * so most of them are like nothing that players have.
 *
 * @returns The dearest first.
 */
export function defeatedFiles(outcomes: readonly FileOutcome[]): DefeatedFile[] {
  return outcomes
    .filter((outcome) => mayBeDefeated(outcome) && outcome.entropyBits >= ENTROPY_BITS_MIN)
    .map(({ path, literalBytes, entropyBits }) => ({ path, costBytes: Math.round((literalBytes * entropyBits) / 8) }))
    .sort((a, b) => b.costBytes - a.costBytes || (a.path < b.path ? -1 : 1));
}

/** Whether a file is worth the look at its entropy. */
export function mayBeDefeated(outcome: Omit<FileOutcome, 'entropyBits'>): boolean {
  const { lengthBytes, literalBytes, replaces } = outcome;
  return replaces && lengthBytes >= LENGTH_BYTES_MIN && literalBytes >= LITERAL_SHARE_MIN * lengthBytes;
}

/** Shannon's entropy of byte counts, in bits a byte; 0 for no bytes. */
export function entropyBits(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log2(count / total)), 0);
}
