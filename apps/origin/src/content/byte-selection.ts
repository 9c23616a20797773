/** Which bytes of a representation a GET or HEAD is answered with (RFC 9110, sections 13 and 14). */

export interface ByteSpan {
  start: number;
  /** Not included. */
  end: number;
}

export type ByteSelection = ({ status: 200 | 206 } & ByteSpan) | { status: 304 } | { status: 412 } | { status: 416 };

export interface ConditionalHeaders {
  range?: string | undefined;
  ifRange?: string | undefined;
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

export interface Representation {
  lengthBytes: number;
  /** Strong, with its quotes; without one no condition on it holds. */
  etag?: string | undefined;
}

/**
 * One satisfiable range is answered with 206. Several ranges, malformed ones and those past the end are refused with 416: sending
 * the whole of a large file to somebody who asked for two small parts of it would serve nobody. Other units are ignored, as
 * they must be, and so is a range with `If-Range` of something else, or on HEAD.
 */
export function selectBytes(
  method: string,
  headers: ConditionalHeaders,
  { lengthBytes, etag }: Representation,
): ByteSelection {
  if (headers.ifMatch !== undefined && !lists(headers.ifMatch, etag, 'strong')) return { status: 412 };
  if (headers.ifNoneMatch !== undefined && lists(headers.ifNoneMatch, etag, 'weak')) return { status: 304 };
  const whole = { status: 200, start: 0, end: lengthBytes } as const;
  if (method !== 'GET' || headers.range === undefined) return whole;
  if (headers.ifRange !== undefined && headers.ifRange.trim() !== etag) return whole;
  const ranges = /^\s*bytes\s*=(.*)$/is.exec(headers.range)?.[1];
  if (ranges === undefined) return whole;
  const span = parseRange(ranges.trim(), lengthBytes);
  return span === undefined ? { status: 416 } : { status: 206, ...span };
}

function parseRange(range: string, lengthBytes: number): ByteSpan | undefined {
  const [, first, last] = /^([0-9]*)-([0-9]*)$/.exec(range) ?? [];
  if (first === undefined || last === undefined) return undefined;
  if (first === '') {
    const start = Math.max(0, lengthBytes - Number(last));
    return last !== '' && start < lengthBytes ? { start, end: lengthBytes } : undefined;
  }
  const start = Number(first);
  if (start >= lengthBytes || (last !== '' && Number(last) < start)) return undefined;
  return { start, end: last === '' ? lengthBytes : Math.min(lengthBytes, Number(last) + 1) };
}

function lists(field: string, etag: string | undefined, comparison: 'strong' | 'weak'): boolean {
  if (field.trim() === '*') return true;
  if (etag === undefined) return false;
  const tags = field.split(',').map((tag) => tag.trim());
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag);
}
