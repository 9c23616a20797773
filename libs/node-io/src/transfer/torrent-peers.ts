import type { PeerAddress } from '@swarmpatch/swarm';

import { infohashesOf } from './torrent-identity.ts';
import { TrackerAnnouncer } from './tracker-announcer.ts';
import type { TransferHost } from './transfer-host.ts';
import type { TorrentOptions, TransferStats } from './transfer-options.ts';

interface TorrentPeersContext {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly progress: () => TransferStats;
  readonly onPeers: (peers: readonly PeerAddress[]) => void;
}

/** Looks for peers of one torrent, and tells the others where this one is. */
export class TorrentPeers {
  readonly #torrent: TorrentOptions;
  readonly #host: TransferHost;
  readonly #context: TorrentPeersContext;
  #announcers: TrackerAnnouncer[] = [];

  constructor(torrent: TorrentOptions, host: TransferHost, context: TorrentPeersContext) {
    this.#torrent = torrent;
    this.#host = host;
    this.#context = context;
  }

  /** Whether there is anyone to ask. */
  get hasSources(): boolean {
    return this.#announcers.length > 0;
  }

  start(): void {
    const { peerId, progress, onPeers } = this.#context;
    // A hybrid torrent's two swarms are the same peers (BEP 52): the v1 one is the one that everybody can join.
    const [infohash] = infohashesOf(this.#torrent.metainfo);
    if (!infohash) return;
    for (const url of new Set(this.#torrent.trackers.flat())) {
      this.#announcers.push(
        new TrackerAnnouncer(url, {
          infohash,
          peerId,
          port: this.#host.listener?.address.port ?? 1,
          progress: () => {
            const { uploadedBytes, fromPeersBytes, fromWebSeedsBytes, wantedLeftBytes, peers } = progress();
            return {
              uploadedBytes,
              downloadedBytes: fromPeersBytes + fromWebSeedsBytes,
              leftBytes: wantedLeftBytes,
              peers,
            };
          },
          onPeers,
          random: Math.random,
        }),
      );
    }
  }

  /** The download ended well just now. */
  completed(): void {
    for (const announcer of this.#announcers) announcer.completed();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#announcers.map((announcer) => announcer.stop()));
  }
}
