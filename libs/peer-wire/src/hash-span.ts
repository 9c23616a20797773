import type { HashSpan } from './message.ts';

/**
 * Longest run of hashes that a request may ask for. BEP 52 advises 512; libtorrent asks for all blocks of a piece at once,
 * which are more when pieces are longer than 8 MiB.
 */
export const HASH_REQUEST_LENGTH_MAX = 8192;

/** No file is so long that its tree has more layers. */
const LAYERS_MAX = 48;

/**
 * Whether a hash request is one that BEP 52 allows: a power of two of hashes, at least two, from an index that is a
 * multiple of it. Whether the file has them is not looked at. What is not such a request is answered with a reject.
 */
export function isHashRequest({ baseLayer, index, length, proofLayers }: HashSpan): boolean {
  return (
    length >= 2 &&
    length <= HASH_REQUEST_LENGTH_MAX &&
    (length & (length - 1)) === 0 &&
    index % length === 0 &&
    baseLayer + Math.log2(length) <= LAYERS_MAX &&
    proofLayers <= LAYERS_MAX
  );
}

/**
 * Hashes in the reply to a request that `isHashRequest` holds of: those of the base layer, and an uncle for each proof layer
 * that the base hashes do not give by themselves, which are the first log2(length) - 1 (BEP 52, "hashes").
 */
export function hashReplyLength({ length, proofLayers }: HashSpan): number {
  return length + Math.max(0, proofLayers - (Math.log2(length) - 1));
}
