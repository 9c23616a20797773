import {
  type AnnounceReply,
  type AnnounceRequest,
  formatAnnounceQuery,
  parseAnnounceReply,
  TRACKER_REPLY_BYTES_MAX,
  TrackerError,
} from '@swarmpatch/tracker';
import { readBody, sendHttp } from '../http-client/index.ts';

export interface AnnounceContext {
  signal: AbortSignal;
  allow: ((url: URL) => boolean) | undefined;
  /** By which addresses of the tracker; whichever comes first when undefined. */
  family: 4 | 6 | undefined;
}

/** A refusal counts whatever the status: some trackers send it with 400. */
export async function announceOverHttp(
  target: URL,
  request: AnnounceRequest,
  context: AnnounceContext,
): Promise<AnnounceReply> {
  const url = new URL(target);
  url.hash = '';
  const query = formatAnnounceQuery(request);
  const response = await sendHttp({ url: `${url.href}${url.search === '' ? '?' : '&'}${query}`, ...context });
  const body = await readBody(response, TRACKER_REPLY_BYTES_MAX);
  if (response.status === 200 || body[0] === 'd'.charCodeAt(0)) return parseAnnounceReply(body);
  throw new TrackerError('bad_tracker_reply', `announce to ${target.href}: answered with status ${response.status}`);
}
