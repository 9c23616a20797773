/** A small fast generator (mulberry32): the same seed gives the same sequence on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** @returns An integer from `low` up to and including `high`. */
export function randomInteger(random: () => number, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

export function randomBytes(random: () => number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  const words = new Uint32Array(bytes.buffer, 0, lengthBytes >>> 2);
  for (let index = 0; index < words.length; index += 1) words[index] = random() * 0x1_0000_0000;
  for (let index = words.length * 4; index < lengthBytes; index += 1) bytes[index] = random() * 256;
  return bytes;
}

/** Words that repeat, as scripts and translations do. */
export function randomText(random: () => number, lengthBytes: number): Uint8Array {
  const words = ['level', 'enemy', 'spawn', 'texture', 'sound', 'player', 'door', 'key', '{', '}', '=', '42'];
  const bytes = new Uint8Array(lengthBytes);
  const encoder = new TextEncoder();
  for (let at = 0; at < lengthBytes;) {
    const word = words[randomInteger(random, 0, words.length - 1)] ?? '';
    at += encoder.encodeInto(`${word} `, bytes.subarray(at)).written || 1;
  }
  return bytes;
}
