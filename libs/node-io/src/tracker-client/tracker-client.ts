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
import { UdpTrackerLinks } from './udp-links.ts';

export const TRACKER_TIMEOUT_MS = 15_000;
/** Room for BEP 15's packets at 0, 15 and 45 s. */
export const UDP_TRACKER_TIMEOUT_MS = 60_000;

export interface AnnounceOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** Asked for the tracker's URL and every redirect. */
  allow?: ((url: URL) => boolean) | undefined;
  /** By which addresses of the tracker (BEP 7); whichever comes first when absent. */
  family?: 4 | 6;
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

/** Announces to trackers, with connections that are kept for the next announce. */
export class TrackerClient {
  readonly #udpLinks = new UdpTrackerLinks();

  /**
   * Announces once to an http, https or udp tracker.
   *
   * @throws {TrackerError} `tracker_refused` with `retryInSeconds` where given (BEP 31), `tracker_unreachable`,
   * `tracker_timed_out`, `bad_tracker_reply`, `bad_tracker_url`; the signal's reason when it ends.
   */
  async announce(url: string, request: AnnounceRequest, options: AnnounceOptions = {}): Promise<SwarmAnswer> {
    const { allow, family, signal } = options;
    const target = checkTrackerUrl(url, allow);
    const isUdp = target.protocol === 'udp:';
    const timeoutMs = options.timeoutMs ?? (isUdp ? UDP_TRACKER_TIMEOUT_MS : TRACKER_TIMEOUT_MS);
    try {
      const reply = await withDeadline({ url, timeoutMs, signal }, (ending) => {
        const context = { signal: ending, allow, family };
        return isUdp ? this.#udpLinks.announce(target, request, context) : announceOverHttp(target, request, context);
      });
      return toAnswer(reply);
    } catch (error) {
      throw error instanceof HttpError ? toTrackerError(error) : error;
    }
  }

  close(): void {
    this.#udpLinks.close();
  }
}

/** Announces once, as `TrackerClient.announce` does, and keeps nothing. */
export async function announceToTracker(
  url: string,
  request: AnnounceRequest,
  options: AnnounceOptions = {},
): Promise<SwarmAnswer> {
  const client = new TrackerClient();
  try {
    return await client.announce(url, request, options);
  } finally {
    client.close();
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
