/** Spreads the bytes at a place over 32 bits; `length` is at least 4. */
export function hashAt(bytes: Uint8Array, at: number, length: number): number {
  let hash = wordAt(bytes, at);
  if (length > 4) {
    hash = Math.imul(hash, 0x2c1b3c6d);
    hash ^= hash >>> 15;
    const end = at + length;
    let place = at + 4;
    for (; place + 4 <= end; place += 4) {
      hash = Math.imul(hash ^ wordAt(bytes, place), 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    for (; place < end; place += 1) hash = Math.imul(hash ^ (bytes[place] ?? 0), 0x01000193);
  }
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x9e3779b1) >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/** How many bytes at two places are equal, where the later place is cut off at `end`. */
export function matchLength(bytes: Uint8Array, from: number, at: number, end: number): number {
  const limit = end - at;
  let length = 0;
  while (length < limit && bytes[from + length] === bytes[at + length]) length += 1;
  return length;
}
