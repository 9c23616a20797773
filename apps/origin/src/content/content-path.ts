const ENCODED_PATH_CHARACTERS_MAX = 16_384;

/**
 * Reads what a request names below its route.
 *
 * @param url The raw request target, such as `/content/g/1.0.0/g-1.0.0/a%20b?x`.
 * @param skip Segments of the route itself.
 * @returns The decoded path, each segment by itself so that `%2F` joins nothing; undefined when it is no UTF-8.
 */
export function contentPathOf(url: string, skip: number): string | undefined {
  const [path = ''] = url.split('?', 1);
  if (path.length > ENCODED_PATH_CHARACTERS_MAX) return undefined;
  try {
    const segments = path
      .split('/')
      .slice(skip + 1)
      .map(decodeURIComponent);
    return segments.some((segment) => segment.includes('/')) ? undefined : segments.join('/');
  } catch {
    return undefined;
  }
}
