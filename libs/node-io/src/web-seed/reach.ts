import { type HttpReach, namesInside } from '../http-client/index.ts';
import type { WebSeed } from './web-seed.ts';

/**
 * Where a web seed's URLs may lead, redirects and resolved names included. A seed that is inside by its own URL, on a LAN or in
 * a test, may lead to others inside. Any other may not, so that no torrent, resolver or redirect turns a client against its
 * own network; just the host that the user named himself is asked wherever it is.
 */
export function reachOf({ url, namedBy }: WebSeed): (url: URL) => HttpReach {
  const own = URL.canParse(url) ? new URL(url) : undefined;
  if (own && namesInside(own)) return () => 'any';
  return (target) => (namedBy === 'user' && target.hostname === own?.hostname ? 'any' : 'public');
}
