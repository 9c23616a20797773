import { HashFilter } from './hash-filter.ts';
import { PlaceBatches, type Skips } from './place-batches.ts';

/** The filter has this power of two of bits for each place: more of them miss the processor's cache. */
const BITS_LOG2 = 2;

/**
 * The hashes of all places that something is looked for for: an index need not have others.
 *
 * @param known What nothing is looked for for.
 * @param count How many places that leaves.
 */
export function wantedHashes(bytes: Uint8Array, hashLength: number, known: Skips, count: number): HashFilter {
  const wanted = new HashFilter(count, BITS_LOG2);
  for (const batch of new PlaceBatches(bytes, { hashLength, stride: 1, skipped: known }).all()) {
    for (let index = 0; index < batch.count; index += 1) wanted.add(batch.hashes[index] ?? 0);
  }
  return wanted;
}
