import type { Metainfo } from '@swarmpatch/metainfo';
import type { OwnDhtPorts, PeerAddress, PeerOrigin } from '@swarmpatch/swarm';

import { type AnnouncedProgress, TieredAnnouncer } from '../tracker-client/index.ts';
import { infohashesOf } from './torrent-identity.ts';
import type { TransferHost } from './transfer-host.ts';
import type { TorrentOptions, TransferStats } from './transfer-options.ts';

/** Trackers want a port; nobody can connect to this one. */
const NO_PORT = 9;

interface TorrentPeersContext {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly progress: () => TransferStats;
  readonly onPeers: (peers: readonly PeerAddress[], origin: PeerOrigin) => void;
  /** A tracker's count of those who lack something. */
  readonly onLeechers: (count: number) => void;
  readonly onDhtStarted: (ports: OwnDhtPorts) => void;
}

/** Looks for peers of one torrent, and tells the others where this one is. */
export class TorrentPeers {
  readonly #torrent: TorrentOptions;
  readonly #host: TransferHost;
  readonly #context: TorrentPeersContext;
  readonly #ending = new AbortController();
  #announcer: TieredAnnouncer | undefined;

  constructor(torrent: TorrentOptions, host: TransferHost, context: TorrentPeersContext) {
    this.#torrent = torrent;
    this.#host = host;
    this.#context = context;
  }

  /** Whether there is anyone to ask. */
  get hasSources(): boolean {
    const { trackers, metainfo } = this.#torrent;
    return trackers.flat().length > 0 || (!metainfo.private && this.#host.discovery.wayCount > 0);
  }

  start(): void {
    const { metainfo, trackers, webSeeds } = this.#torrent;
    const { peerId, progress, onPeers, onLeechers, onDhtStarted } = this.#context;
    const infohashes = infohashesOf(metainfo);
    const port = (): number | undefined => this.#host.discovery.announcedPort;
    if (trackers.flat().length > 0) {
      const torrent = {
        tiers: trackers,
        infohashes,
        peerId,
        port: () => port() ?? NO_PORT,
        progress: () => progressOf(progress(), metainfo),
        onPeers: (peers: readonly PeerAddress[], leechers: number) => {
          onLeechers(leechers);
          onPeers(peers, 'found');
        },
        random: Math.random,
      };
      this.#announcer = new TieredAnnouncer(torrent, this.#host.trackerClient);
    }
    const hasOthers = trackers.flat().length + webSeeds.length > 0;
    this.#host.discovery.join(
      { infohashes, isPrivate: metainfo.private, nodes: metainfo.dhtNodes },
      {
        onPeers,
        onDhtStarted,
        announcedPort: () => (this.#host.isPaused ? undefined : port()),
        wantsPeers: () => progress().piecesWantedLeft > 0 && progress().peers === 0 && !this.#host.isPaused,
        signal: this.#ending.signal,
      },
      hasOthers ? 'later' : 'now',
    );
  }

  /** The download ended well just now. */
  completed(): void {
    this.#announcer?.completed();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#announcer?.stop();
  }
}

function progressOf(stats: TransferStats, { pieceCount, geometry }: Metainfo): AnnouncedProgress {
  const { uploadedBytes, fromPeersBytes, fromWebSeedsBytes, piecesHave, wantedLeftBytes, peers } = stats;
  const missingBytes = (pieceCount - piecesHave) * geometry.pieceLengthBytes;
  return {
    uploadedBytes,
    downloadedBytes: fromPeersBytes + fromWebSeedsBytes,
    // Of what is not wanted no more than its pieces are counted: that it is not nothing is what matters.
    leftBytes: wantedLeftBytes > 0 ? wantedLeftBytes : missingBytes,
    wantsMore: wantedLeftBytes > 0,
    peers,
  };
}
