/** What is used of bittorrent-dht 11, which ships no types. */
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events';

  interface Endpoint {
    host: string;
    port: number;
  }

  interface DhtNodeOptions {
    nodeId?: Uint8Array;
    /** False leaves finding the first nodes to the caller. */
    bootstrap?: false;
    /** Acts as a `dgram` socket. */
    socket?: EventEmitter;
    /** Where others find this node; its own announces are stored under it. */
    host?: string | undefined;
    /** Of stored peers, in ms. */
    maxAge?: number;
    maxPeers?: number;
    maxTables?: number;
    maxValues?: number;
  }

  interface DhtNodeEvents {
    peer: [peer: Endpoint, infohash: Uint8Array];
    /** A peer that is stored: another node's that announced it here, or this node's own. */
    announce: [peer: Endpoint, infohash: Uint8Array];
    node: [node: Endpoint & { id: Uint8Array }];
    warning: [Error];
    error: [Error];
  }

  class DhtNode extends EventEmitter<DhtNodeEvents> {
    readonly nodeId: Uint8Array;
    readonly nodes: {
      count(): number;
      remove(id: Uint8Array): void;
      /** Nearest first. */
      closest(id: Uint8Array, countMax: number): (Endpoint & { id: Uint8Array })[];
    };
    constructor(options: DhtNodeOptions);
    listen(): void;
    addNode(node: Endpoint): void;
    /** @returns what stops it; `done` is not called when the node is destroyed meanwhile. */
    lookup(infohash: Uint8Array, done: (error: Error | null, nodes?: number) => void): () => void;
    announce(infohash: Uint8Array, port: number, done: (error: Error | null, nodes?: number) => void): void;
    toJSON(): { nodes: Endpoint[] };
    destroy(done: () => void): void;
  }
  export = DhtNode;
}
