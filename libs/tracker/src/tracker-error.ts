export type TrackerErrorCode =
  | 'bad_announce'
  | 'bad_scrape'
  | 'bad_tracker_reply'
  | 'bad_address'
  | 'torrent_unknown'
  | 'tracker_full'
  | 'tracker_refused'
  | 'tracker_timed_out'
  | 'tracker_unreachable'
  | 'bad_tracker_url';

/** What a tracker refuses, or what a reply of a tracker lacks. `retryInSeconds` is BEP 31's: 'never' ends asking. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError';
  readonly code: TrackerErrorCode;
  readonly retryInSeconds: number | 'never' | undefined;

  constructor(code: TrackerErrorCode, message: string, retryInSeconds?: number | 'never', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryInSeconds = retryInSeconds;
  }
}
