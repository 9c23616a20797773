/**
 * What a run is like unless told otherwise: a build small enough that 1,000 launchers move about a million blocks, on lines
 * on which that takes a crowd several rounds of choking.
 */
export const DEFAULTS = {
  launchers: '100',
  seed: '1',
  seeds: '1',
  faults: '',
  pieces: '64',
  'piece-size': '256KiB',
  uplink: '256KiB',
  downlink: '1MiB',
  origin: '1MiB',
  'origin-responses': '',
};

const PIECE_LENGTH_MIN = 16 * 2 ** 10;
const UNITS = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, KB: 1e3, MB: 1e6, GB: 1e9 };

/** @returns The settings of a run, but its faults: numbers are bytes, bytes a second or counts. */
export function readSettings(texts) {
  const given = { ...DEFAULTS, ...texts };
  const count = (name) => read(name, given[name], /^[1-9]\d*$/, 'a whole number from 1 on');
  return {
    launchers: [count('launchers')],
    seed: read('seed', given.seed, /^\d+$/, 'a whole number'),
    seeds: count('seeds'),
    pieceCount: count('pieces'),
    pieceLengthBytes: pieceLength(given['piece-size']),
    rates: { uplink: bytes('uplink', given.uplink), downlink: bytes('downlink', given.downlink) },
    originUplink: bytes('origin', given.origin),
    ...(given['origin-responses'] === '' ? {} : { originResponsesMax: count('origin-responses') }),
  };
}

function bytes(name, text) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*?)(?:\/s)?$/.exec(text) ?? [];
  const value = Math.round(Number(number) * (UNITS[unit] ?? NaN));
  if (value >= 1) return value;
  throw refuse(name, text, 'bytes, such as 256KiB or 4MiB');
}

function pieceLength(text) {
  const lengthBytes = bytes('piece-size', text);
  if (lengthBytes >= PIECE_LENGTH_MIN && Number.isInteger(Math.log2(lengthBytes))) return lengthBytes;
  throw refuse('piece-size', text, 'a power of two from 16KiB on');
}

function read(name, text, pattern, wanted) {
  if (pattern.test(text)) return Number(text);
  throw refuse(name, text, wanted);
}

/** What to throw for an option that cannot be used. */
export function refuse(name, text, wanted) {
  return Object.assign(new Error(`read --${name}: found "${text}", wanted ${wanted}`), {
    code: 'ERR_PARSE_ARGS_VALUE',
  });
}
