import { type HttpReach, type HttpResponse, sendHttp } from '../http-client/index.ts';
import { type FetchSpan, planFetch, type SeededTorrent } from './fetch-plan.ts';
import { PieceAssembly } from './piece-assembly.ts';
import { reachOf } from './reach.ts';
import { type RedirectMemory, redirectMemoryOf } from './redirect-memory.ts';
import { checkSpanHead, isWholeResource, toWebSeedError } from './span-response.ts';
import type { FetchedPiece, FetchOptions, PieceRun, WebSeed } from './web-seed.ts';
import { WebSeedError } from './web-seed-error.ts';

/** Files of one run that are asked for at once: tiny files must not wait for each other's round trip. */
export const WEB_SEED_REQUESTS_MAX = 8;
/** Bytes of pieces under way and not taken yet; never less than two pieces. */
export const WEB_SEED_WINDOW_BYTES_MAX: number = 16 * 1024 * 1024;

/** What one call shares between its requests. */
interface Fetching {
  options: FetchOptions;
  signal: AbortSignal;
  redirects: RedirectMemory;
  reach: (url: URL) => HttpReach;
  assembly: PieceAssembly;
}

/**
 * Fetches whole pieces from a web seed, in order. Pads come as zeros and are never asked for.
 *
 * Nothing is verified but that the server sent the ranges asked for, no more and no less. Leaving the loop early ends the
 * requests.
 *
 * @throws {WebSeedError} from the iterator; the signal's reason when it ends.
 */
export async function* fetchPieces(
  webSeed: WebSeed,
  torrent: SeededTorrent,
  run: PieceRun,
  options: FetchOptions,
): AsyncGenerator<FetchedPiece, void, void> {
  options.signal?.throwIfAborted();
  const { geometry } = torrent;
  const windowPieces = Math.max(2, Math.floor(WEB_SEED_WINDOW_BYTES_MAX / geometry.pieceLengthBytes));
  const assembly = new PieceAssembly(geometry, run, windowPieces);
  const ender = new AbortController();
  const end = (reason: unknown): void => {
    assembly.fail(reason);
    ender.abort(reason);
  };
  const onAbort = (): void => {
    end(options.signal?.reason);
  };
  options.signal?.addEventListener('abort', onAbort);
  const fetching: Fetching = {
    options,
    signal: ender.signal,
    redirects: redirectMemoryOf(webSeed),
    reach: reachOf(webSeed),
    assembly,
  };
  const spans = planFetch(webSeed, torrent, run).values();
  const workers = Array.from({ length: WEB_SEED_REQUESTS_MAX }, async () => {
    try {
      for (const span of spans) await fetchSpan(span, fetching);
    } catch (error) {
      end(error);
    }
  });
  try {
    for (let taken = 0; taken < run.pieceCount; taken += 1) yield await assembly.take();
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    end(new DOMException('The pieces are no longer wanted', 'AbortError'));
    await Promise.all(workers);
  }
}

async function fetchSpan(span: FetchSpan, fetching: Fetching): Promise<void> {
  const [firstPart] = span.parts;
  if (firstPart !== undefined) await fetching.assembly.room(firstPart.piece);
  try {
    const response = await openSpan(span, fetching);
    await deliver(span, response, fetching);
  } catch (error) {
    fetching.signal.throwIfAborted();
    throw toWebSeedError(error, span.url);
  }
}

/** A remembered redirect may have expired: then the seed's own URL is asked again, once. */
async function openSpan(span: FetchSpan, fetching: Fetching): Promise<HttpResponse> {
  const remembered = fetching.redirects.target(span.url);
  if (remembered !== undefined) {
    try {
      return await askSpan(span, remembered, fetching);
    } catch (error) {
      fetching.signal.throwIfAborted();
      if (error instanceof WebSeedError && error.code === 'web_seed_busy') throw error;
      fetching.redirects.forget(span.url);
    }
  }
  return askSpan(span, span.url, fetching);
}

async function askSpan(span: FetchSpan, url: string, fetching: Fetching): Promise<HttpResponse> {
  const { allow, idleTimeoutMs } = fetching.options;
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (!isWholeResource(span)) headers['range'] = `bytes=${span.startBytes}-${span.endBytes - 1}`;
  const response = await sendHttp({
    url,
    headers,
    allow,
    reach: fetching.reach,
    signal: fetching.signal,
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
  });
  try {
    checkSpanHead(response, span);
  } catch (error) {
    await response.discard();
    throw error;
  }
  if (response.url !== span.url && response.url !== url) fetching.redirects.remember(span.url, response.url);
  return response;
}

/** Lays the body into its pieces; leaving the loop early cuts the response. */
async function deliver(span: FetchSpan, response: HttpResponse, { assembly, options }: Fetching): Promise<void> {
  const wantedBytes = span.endBytes - span.startBytes;
  let receivedBytes = 0;
  let partIndex = 0;
  let partOffsetBytes = 0;
  for await (const chunk of response.body) {
    receivedBytes += chunk.length;
    if (receivedBytes > wantedBytes) throw badLength(span, `more than the ${wantedBytes} bytes asked for came`);
    for (let chunkOffset = 0; chunkOffset < chunk.length;) {
      const part = span.parts[partIndex];
      if (part === undefined) throw new RangeError('The parts of a span are shorter than the span');
      if (partOffsetBytes === 0) await assembly.room(part.piece);
      const lengthBytes = Math.min(chunk.length - chunkOffset, part.lengthBytes - partOffsetBytes);
      assembly.fill(
        part.piece,
        part.pieceOffsetBytes + partOffsetBytes,
        chunk.subarray(chunkOffset, chunkOffset + lengthBytes),
      );
      chunkOffset += lengthBytes;
      partOffsetBytes += lengthBytes;
      if (partOffsetBytes === part.lengthBytes) {
        partIndex += 1;
        partOffsetBytes = 0;
      }
    }
    await options.onBytes?.(chunk.length);
  }
  if (receivedBytes < wantedBytes)
    throw badLength(span, `the answer ended after ${receivedBytes} of ${wantedBytes} bytes`);
}

function badLength(span: FetchSpan, found: string): WebSeedError {
  return new WebSeedError('web_seed_bad_length', span.url, `fetch ${span.url}: ${found}`);
}
