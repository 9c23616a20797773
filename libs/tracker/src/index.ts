export {
  type AnnounceEvent,
  type AnnounceReply,
  type AnnounceRequest,
  INFOHASH_BYTES,
  PEER_ID_BYTES,
  type PeerEndpoint,
  type ScrapeEntry,
} from './announce.ts';
export {
  type AnnounceAnswer,
  type AnnounceStep,
  AnnounceTiers,
  TRACKER_BACK_OFF_FIRST_MS,
  TRACKER_BACK_OFF_MS_MAX,
  TRACKER_INTERVAL_SECONDS_MAX,
  TRACKER_INTERVAL_SECONDS_MIN,
  TRACKER_PATIENCE_MS,
  TRACKERS_PER_TORRENT_MAX,
} from './announce-tiers.ts';
export { COMPACT_PEER6_BYTES, COMPACT_PEER_BYTES, packPeers, peersOf, readCompactPeers } from './compact-peers.ts';
export { CONNECTION_SECRET_BYTES, CONNECTION_SLOT_MS, ConnectionIds } from './connection-ids.ts';
export {
  ANNOUNCE_QUERY_CHARS_MAX,
  formatAnnounceQuery,
  parseAnnounceQuery,
  parseScrapeQuery,
  SCRAPE_QUERY_CHARS_MAX,
  SCRAPE_TORRENTS_MAX,
} from './http-query.ts';
export {
  encodeAnnounceReply,
  encodeFailure,
  encodeScrapeReply,
  parseAnnounceReply,
  parseScrapeReply,
  REPLY_PEERS_MAX,
  TRACKER_REPLY_BYTES_MAX,
} from './http-reply.ts';
export { formatIpAddress, type IpAddress, parseIpAddress } from './ip-address.ts';
export {
  ANNOUNCE_INTERVAL_JITTER,
  ANNOUNCE_INTERVAL_SECONDS,
  ANNOUNCE_INTERVAL_SECONDS_MIN,
  OPEN_TORRENTS_MAX,
  PEER_SLOT_MS,
  PEER_SLOTS_KEPT,
  PEERS_MAX,
  PEERS_PER_ADDRESS_MAX,
  PEERS_PER_TORRENT_MAX,
  PEERS_WANTED_DEFAULT,
  PEERS_WANTED_MAX,
} from './limits.ts';
export { type AnnounceSource, Tracker, type TrackerOptions, type TrackerStats } from './tracker.ts';
export { TrackerError, type TrackerErrorCode } from './tracker-error.ts';
export {
  CONNECTION_ID_BYTES,
  readUdpReply,
  readUdpRequest,
  UDP_PACKET_BYTES_MAX,
  type UdpReply,
  type UdpRequest,
  udpPeersMax,
  writeAnnounceReply,
  writeAnnounceRequest,
  writeConnectReply,
  writeConnectRequest,
  writeErrorReply,
  writeScrapeReply,
  writeScrapeRequest,
} from './udp-packet.ts';
export { UdpTracker } from './udp-tracker.ts';
