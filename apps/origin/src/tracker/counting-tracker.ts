import { type AnnounceReply, type AnnounceRequest, type AnnounceSource, Tracker } from '@swarmpatch/tracker';

/** Peers whose last report is remembered; of the others the next report counts from there on. */
const REPORTS_KEPT_MAX = 65_536;

/** A tracker that adds up what peers say they have sent to each other. */
export class CountingTracker extends Tracker {
  /** By torrent and peer: what it said last. */
  readonly #reports = new Map<string, number>();
  readonly #bytes = new Map<string, number>();

  /** @param infohash Hex; the first 20 bytes of a v2 one. */
  uploadedBytes(infohash: string): number {
    return this.#bytes.get(infohash) ?? 0;
  }

  override announce(request: AnnounceRequest, source: AnnounceSource, nowMs: number): AnnounceReply {
    const reply = super.announce(request, source, nowMs);
    this.#count(request);
    return reply;
  }

  #count({ infohash, peerId, uploadedBytes, event }: AnnounceRequest): void {
    const torrent = Buffer.from(infohash).toString('hex');
    const key = `${torrent} ${Buffer.from(peerId).toString('latin1')}`;
    // What somebody sent before this tracker knew them was counted by another run, or never.
    const before = this.#reports.get(key) ?? (event === 'started' ? 0 : uploadedBytes);
    this.#reports.delete(key);
    if (event !== 'stopped') this.#reports.set(key, uploadedBytes);
    if (uploadedBytes > before) this.#bytes.set(torrent, this.uploadedBytes(torrent) + uploadedBytes - before);
    if (this.#reports.size <= REPORTS_KEPT_MAX) return;
    const [oldest] = this.#reports.keys();
    if (oldest !== undefined) this.#reports.delete(oldest);
  }
}
