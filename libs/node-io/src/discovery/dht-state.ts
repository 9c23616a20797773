import { COMPACT_PEER_BYTES, packPeers, type PeerEndpoint, readCompactPeers } from '@swarmpatch/tracker';

/** Nodes kept from one session to the next. */
export const DHT_STATE_NODES_MAX = 200;
const NODE_ID_BYTES = 20;

/** What a node keeps from one session to the next: its id, and whom it knew. */
export interface DhtState {
  /** 20 bytes. */
  readonly nodeId: Uint8Array;
  readonly nodes: readonly PeerEndpoint[];
}

/** The id, then the nodes as compact peers (BEP 23). */
export function encodeDhtState({ nodeId, nodes }: DhtState): Uint8Array {
  const { peers } = packPeers(nodes.slice(0, DHT_STATE_NODES_MAX));
  const bytes = new Uint8Array(NODE_ID_BYTES + peers.length);
  bytes.set(nodeId);
  bytes.set(peers, NODE_ID_BYTES);
  return bytes;
}

/** @returns undefined for what is no state: it is then as if there were none. */
export function parseDhtState(bytes: Uint8Array): DhtState | undefined {
  if (bytes.length < NODE_ID_BYTES) return undefined;
  const endBytes = NODE_ID_BYTES + COMPACT_PEER_BYTES * DHT_STATE_NODES_MAX;
  return {
    nodeId: bytes.slice(0, NODE_ID_BYTES),
    nodes: readCompactPeers(bytes.subarray(NODE_ID_BYTES, endBytes), 'ipv4'),
  };
}
