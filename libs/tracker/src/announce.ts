export type AnnounceEvent = 'started' | 'completed' | 'stopped' | 'paused';

/** One announce, whatever it came by (BEP 3 query, BEP 15 packet). The `ip` that a client may claim is not part of it. */
export interface AnnounceRequest {
  /** 20 bytes: SHA-1 of a v1 or hybrid info dictionary, or the first 20 of a v2 infohash (BEP 52). */
  infohash: Uint8Array;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** Where the peer listens, 1 to 65535. */
  port: number;
  uploadedBytes: number;
  downloadedBytes: number;
  /** 0 makes the peer a seed. */
  leftBytes: number;
  event?: AnnounceEvent;
  /** How many peers are asked for; the tracker decides when absent. */
  peersWanted?: number;
  /** Lets a client stay known to a tracker across a change of address (BEP 7, 15). 32 bits. */
  key?: number;
}

/** What a tracker answers. */
export interface AnnounceReply {
  intervalSeconds: number;
  minIntervalSeconds?: number;
  seeds: number;
  leechers: number;
  /** Compact IPv4 peers (BEP 23): 4 bytes address, 2 bytes port each. */
  peers: Uint8Array;
  /** Compact IPv6 peers (BEP 7): 16 bytes address, 2 bytes port each. */
  peers6: Uint8Array;
  /** The announcer's own address, 4 or 16 bytes (BEP 24). */
  externalAddress?: Uint8Array;
  warning?: string;
}

/** Counts of one torrent (BEP 48). */
export interface ScrapeEntry {
  infohash: Uint8Array;
  seeds: number;
  leechers: number;
  /** How often a download was completed. */
  completed: number;
}

export interface PeerEndpoint {
  /** IPv4 or IPv6 address in text, without brackets. */
  host: string;
  port: number;
}

export const INFOHASH_BYTES = 20;
export const PEER_ID_BYTES = 20;
