/** Bytes from `begin` on and before `end`. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/**
 * What a `Range` header asks for (RFC 9110, 14.1.2). What is not understood, and a list of several ranges, is answered with
 * the whole, as the standard allows.
 */
export function readByteRange(header: string | undefined, lengthBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [first = '', last = ''] = match?.slice(1) ?? [];
  if (!match || (first === '' && last === '')) return 'whole';
  if (first === '') {
    const begin = Math.max(0, lengthBytes - Number(last));
    return begin < lengthBytes ? { begin, end: lengthBytes } : 'unsatisfiable';
  }
  const begin = Number(first);
  if (last !== '' && Number(last) < begin) return 'whole';
  if (begin >= lengthBytes) return 'unsatisfiable';
  return { begin, end: last === '' ? lengthBytes : Math.min(lengthBytes, Number(last) + 1) };
}
