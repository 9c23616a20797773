import type { PeerEndpoint } from '@swarmpatch/tracker';

/** The public routers that everyone starts from. They answer where to go on, and keep no peers. */
export const DHT_BOOTSTRAP_NODES: readonly PeerEndpoint[] = [
  { host: 'dht.libtorrent.org', port: 25_401 },
  { host: 'dht.transmissionbt.com', port: 6881 },
  { host: 'router.bt.ouinet.work', port: 6881 },
  { host: 'router.bittorrent.com', port: 6881 },
  // Of the IPv6 DHT alone.
  { host: 'router.silotis.us', port: 6881 },
];
