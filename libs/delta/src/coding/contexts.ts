/** The context of a byte is the top two bits of the byte before it. */
export const CONTEXT_COUNT = 4;
const CONTEXT_SHIFT = 6;

/** Bytes by their contexts, in order; the first byte has context 0. */
export function splitByContext(bytes: Uint8Array): Uint8Array[] {
  const ends = new Int32Array(CONTEXT_COUNT);
  let before = 0;
  for (const byte of bytes) {
    ends[before >>> CONTEXT_SHIFT] = (ends[before >>> CONTEXT_SHIFT] ?? 0) + 1;
    before = byte;
  }
  const parts = Array.from(ends, (length) => new Uint8Array(length));
  const at = ends.fill(0);
  before = 0;
  for (const byte of bytes) {
    const context = before >>> CONTEXT_SHIFT;
    const part = parts[context];
    const place = at[context] ?? 0;
    if (part) part[place] = byte;
    at[context] = place + 1;
    before = byte;
  }
  return parts;
}

/**
 * The reverse of `splitByContext`.
 *
 * @param parts One after the other.
 * @param lengths Of each part.
 * @returns Undefined when the parts do not belong together.
 */
export function mergeContexts(parts: Uint8Array, lengths: readonly number[]): Uint8Array | undefined {
  const starts = new Int32Array(CONTEXT_COUNT);
  for (let context = 1; context < CONTEXT_COUNT; context += 1) {
    starts[context] = (starts[context - 1] ?? 0) + (lengths[context - 1] ?? 0);
  }
  const at = starts.slice();
  const merged = new Uint8Array(parts.length);
  let before = 0;
  for (let index = 0; index < merged.length; index += 1) {
    const context = before >>> CONTEXT_SHIFT;
    const place = at[context] ?? 0;
    at[context] = place + 1;
    before = parts[place] ?? 0;
    merged[index] = before;
  }
  const isWhole = at.every((place, context) => place === (starts[context] ?? 0) + (lengths[context] ?? 0));
  return isWhole ? merged : undefined;
}
