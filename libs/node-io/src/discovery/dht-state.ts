import type { DhtFamily } from '@swarmpatch/peer-wire';
import { COMPACT_PEER_BYTES, packPeers, type PeerEndpoint, readCompactPeers } from '@swarmpatch/tracker';

/** Nodes of each DHT kept from one session to the next. */
export const DHT_STATE_NODES_MAX = 200;
const NODE_ID_BYTES = 20;
/** The number of IPv4 nodes. */
const COUNT_BYTES = 2;

/** What is kept from one session to the next: the id of both nodes, and whom they knew. */
export interface DhtState {
  /** 20 bytes. */
  readonly nodeId: Uint8Array;
  readonly nodes: Readonly<Record<DhtFamily, readonly PeerEndpoint[]>>;
}

/** The id, the number of IPv4 nodes, and the nodes as compact peers (BEP 23, BEP 7). */
export function encodeDhtState({ nodeId, nodes }: DhtState): Uint8Array {
  const { peers } = packPeers(nodes.ipv4.slice(0, DHT_STATE_NODES_MAX));
  const { peers6 } = packPeers(nodes.ipv6.slice(0, DHT_STATE_NODES_MAX));
  const count = peers.length / COMPACT_PEER_BYTES;
  return Buffer.concat([nodeId, Uint8Array.of(count >> 8, count & 255), peers, peers6]);
}

/** @returns undefined for what is no state: it is then as if there were none. */
export function parseDhtState(bytes: Uint8Array): DhtState | undefined {
  const [high, low] = bytes.subarray(NODE_ID_BYTES);
  if (high === undefined || low === undefined) return undefined;
  const start = NODE_ID_BYTES + COUNT_BYTES;
  const end = start + COMPACT_PEER_BYTES * ((high << 8) | low);
  const read = (span: Uint8Array, family: DhtFamily): PeerEndpoint[] =>
    readCompactPeers(span, family).slice(0, DHT_STATE_NODES_MAX);
  return {
    nodeId: bytes.slice(0, NODE_ID_BYTES),
    nodes: { ipv4: read(bytes.subarray(start, end), 'ipv4'), ipv6: read(bytes.subarray(end), 'ipv6') },
  };
}
