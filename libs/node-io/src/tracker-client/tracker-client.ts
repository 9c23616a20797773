import {
  type AnnounceReply,
  type AnnounceRequest,
  formatIpAddress,
  type PeerEndpoint,
  peersOf,
  TrackerError,
} from '@swarmpatch/tracker';
import { HttpError, withDeadline } from '../http-client/index.ts';
import { announceOverHttp } from './http-announce.ts';
import { announceOverUdp } from './udp-announce.ts';

export const TRACKER_TIMEOUT_MS = 15_000;

export interface AnnounceOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** Asked for the tracker's URL and every redirect. */
  allow?: ((url: URL) => boolean) | undefined;
}

/** What a tracker said about a swarm. */
export interface SwarmAnswer {
  intervalSeconds: number;
  minIntervalSeconds: number | undefined;
  seeds: number;
  leechers: number;
  /** IPv4 first; the announcer itself may be among them. */
  peers: PeerEndpoint[];
  /** The address under which the tracker sees this peer (BEP 24). */
  externalAddress: string | undefined;
  warning: string | undefined;
}

/**
 * Announces once to an http, https or udp tracker.
 *
 * @throws {TrackerError} `tracker_refused` with `retryInSeconds` where given (BEP 31), `tracker_unreachable`,
 * `tracker_timed_out`, `bad_tracker_reply`, `bad_tracker_url`; the signal's reason when it ends.
 */
export async function announceToTracker(
  url: string,
  request: AnnounceRequest,
  options: AnnounceOptions = {},
): Promise<SwarmAnswer> {
  const target = checkTrackerUrl(url, options.allow);
  const announce = target.protocol === 'udp:' ? announceOverUdp : announceOverHttp;
  const limits = { url, timeoutMs: options.timeoutMs ?? TRACKER_TIMEOUT_MS, signal: options.signal };
  try {
    return toAnswer(
      await withDeadline(limits, (signal) => announce(target, request, { signal, allow: options.allow })),
    );
  } catch (error) {
    throw error instanceof HttpError ? toTrackerError(error) : error;
  }
}

function checkTrackerUrl(text: string, allow: ((url: URL) => boolean) | undefined): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:', 'udp:'].includes(url.protocol) || url.hostname === '') {
    throw new TrackerError('bad_tracker_url', `announce to ${text}: wanted an http, https or udp URL`);
  }
  if (allow?.(url) === false)
    throw new TrackerError('bad_tracker_url', `announce to ${text}: this address may not be asked here`);
  return url;
}

function toTrackerError(error: HttpError): TrackerError {
  const codes: Partial<Record<HttpError['code'], TrackerError['code']>> = {
    http_timed_out: 'tracker_timed_out',
    http_body_too_long: 'bad_tracker_reply',
    http_address_refused: 'bad_tracker_url',
    http_bad_url: 'bad_tracker_url',
  };
  return new TrackerError(codes[error.code] ?? 'tracker_unreachable', error.message, undefined, error);
}

function toAnswer(reply: AnnounceReply): SwarmAnswer {
  return {
    intervalSeconds: reply.intervalSeconds,
    minIntervalSeconds: reply.minIntervalSeconds,
    seeds: reply.seeds,
    leechers: reply.leechers,
    peers: peersOf(reply),
    externalAddress: reply.externalAddress === undefined ? undefined : formatIpAddress(reply.externalAddress),
    warning: reply.warning,
  };
}
