export { Dht, type DhtOptions, startDht } from './dht.ts';
export {
  DHT_NAMED_NODES_PER_MINUTE_MAX,
  DHT_ROUTER_ADDRESSES_MAX,
  DHT_STORED_LOOKUPS_MAX,
  DHT_STORED_PEERS_MAX,
  type DhtMember,
} from './dht-node.ts';
export { DHT_BOOTSTRAP_NODES } from './dht-nodes.ts';
export type { MappedPort } from './gateway.ts';
export { DHT_STATE_NODES_MAX } from './dht-state.ts';
export type { DiscoveredTorrent } from './discovered-torrent.ts';
export { DiscoveryError, type DiscoveryErrorCode } from './discovery-error.ts';
export {
  LAN_ANNOUNCE_INTERVAL_MS,
  LAN_PEERS_PER_SECOND_MAX,
  LanDiscovery,
  startLanDiscovery,
} from './lan-discovery.ts';
export type { LanDiscoveryOptions, LanMember } from './lan-discovery.ts';
export { DISCOVERY_PACKETS_PER_ADDRESS_SECOND_MAX, DISCOVERY_PACKETS_PER_SECOND_MAX } from './packet-budget.ts';
export { DHT_LOOKUP_PEERS_MAX } from './peer-search.ts';
export { PORT_MAPPING_HEAP_MIB_MAX, PortMapping, type PortMappingOptions, startPortMapping } from './port-mapping.ts';
