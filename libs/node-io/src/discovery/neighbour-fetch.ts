import { BlockList, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Of what a gateway says of itself. */
export const GATEWAY_REPLY_BYTES_MAX: number = 256 * 1024;
const TIMEOUT_MS = 3000;

const systemFetch = globalThis.fetch;

/** Whatever is loaded afterwards, and takes the global fetch, has this one. */
export function takeOverFetch(): void {
  globalThis.fetch = fetchFromNeighbour;
}

/**
 * A fetch for what answers a multicast search: anybody on the network may, and name any URL. Only machines of this one's
 * own IPv4 networks are asked, over plain HTTP, without redirects, and for a short answer.
 */
export async function fetchFromNeighbour(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.protocol !== 'http:' || !isIPv4(url.hostname) || !ownNetworks().check(url.hostname)) {
    throw new Error(`ask ${url.host}: it is no machine of this network`);
  }
  // The library counts its own headers; fetch does not let it.
  const headers = new Headers(init.headers);
  for (const name of ['connection', 'content-length']) headers.delete(name);
  const response = await systemFetch(url, {
    ...init,
    headers,
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    lengthBytes += chunk.length;
    if (lengthBytes > GATEWAY_REPLY_BYTES_MAX) throw new Error(`ask ${url.host}: the answer is too long`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status });
}

function ownNetworks(): BlockList {
  const networks = new BlockList();
  for (const { family, internal, cidr } of Object.values(networkInterfaces()).flatMap((infos) => infos ?? [])) {
    const [address, prefixBits] = cidr?.split('/') ?? [];
    if (family === 'IPv4' && !internal && address && prefixBits) networks.addSubnet(address, Number(prefixBits));
  }
  return networks;
}
