/**
 * What makes the next bytes of new, in order. A source address below `oldBytes` is in old; from there on it is in new
 * data already written, and a copy may overlap its own output (as in LZ77).
 */
export type PatchOp =
  /** Bytes equal to those at the source address. */
  | { readonly kind: 'copy'; readonly source: number; readonly length: number }
  /** Bytes of the source address plus a difference each, modulo 256 (bsdiff). */
  | { readonly kind: 'add'; readonly source: number; readonly length: number }
  /** Bytes as they are in new. */
  | { readonly kind: 'literal'; readonly length: number };
