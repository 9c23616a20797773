import type { PeerEndpoint } from '@swarmpatch/tracker';

/** The public routers that everyone starts from. They answer where to go on, and keep no peers. */
export const DHT_BOOTSTRAP_NODES: readonly PeerEndpoint[] = [
  { host: 'router.bittorrent.com', port: 6881 },
  { host: 'dht.libtorrent.org', port: 25_401 },
  { host: 'dht.transmissionbt.com', port: 6881 },
  { host: 'router.utorrent.com', port: 6881 },
];
