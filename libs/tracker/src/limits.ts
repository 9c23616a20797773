/** Length of a time slot of the registry: peers are dropped by whole slots. */
export const PEER_SLOT_MS = 60_000;
/** Slots in which a peer is not heard of before it is dropped: more than two intervals. */
export const PEER_SLOTS_KEPT = 35;
/** Between two announces of a peer; each reply says up to a tenth less or more, so that a patch day spreads. */
export const ANNOUNCE_INTERVAL_SECONDS = 900;
export const ANNOUNCE_INTERVAL_JITTER = 0.1;
export const ANNOUNCE_INTERVAL_SECONDS_MIN = 60;
/** Peers in a reply when a client does not say, and at most. */
export const PEERS_WANTED_DEFAULT = 50;
export const PEERS_WANTED_MAX = 200;
/** Peers of one IPv4 address, or one IPv6 /64, in one role of one torrent: a full café, not a botnet. */
export const PEERS_PER_ADDRESS_MAX = 64;
export const PEERS_PER_TORRENT_MAX = 1_000_000;
export const PEERS_MAX = 4_000_000;
/** Torrents of an open tracker. Published ones are the operator's own and not counted. */
export const OPEN_TORRENTS_MAX = 1_000_000;
