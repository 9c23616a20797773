import { randomBytes } from 'node:crypto';

import type { Capabilities } from '@swarmpatch/peer-wire';
import { ProtocolError } from '@swarmpatch/peer-wire';
import { addressKey, MetadataDownload, type MetadataIdentity, type PeerAddress } from '@swarmpatch/swarm';

import { PEER_ID_PREFIX } from './peer-id.ts';
import { PeerSocket } from './peer-socket.ts';
import { TrackerAnnouncer } from './tracker-announcer.ts';
import { TransferError } from './transfer-error.ts';

/** Peers asked for metadata at the same time. */
export const METADATA_PEERS_MAX = 8;
const RETRY_MS = 1_000;
const CAPABILITIES: Capabilities = { extensions: true, fast: true, v2: true };
/** Trackers want a port; nobody can connect to this one. */
const NO_PORT = 9;

export interface FetchMetadataOptions {
  readonly identity: MetadataIdentity;
  readonly peers: readonly PeerAddress[];
  readonly trackers: readonly string[];
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fetches the info dictionary that a magnet link names (BEP 9) from its peers and those that its trackers know.
 *
 * @throws {TransferError} `no_sources`, `timed_out`; the signal's reason when it ends.
 */
export async function fetchMetadata(options: FetchMetadataOptions): Promise<Uint8Array> {
  if (options.peers.length === 0 && options.trackers.length === 0) {
    throw new TransferError('no_sources', 'fetch metadata: the link names neither a peer nor a tracker; name a peer');
  }
  options.signal?.throwIfAborted();
  const search = new MetadataSearch(options);
  const announcers = options.trackers.map(
    (url) =>
      new TrackerAnnouncer(url, {
        infohash: search.infohash,
        peerId: search.peerId,
        port: NO_PORT,
        progress: () => ({ uploadedBytes: 0, downloadedBytes: 0, leftBytes: 1, peers: 0 }),
        onPeers: (peers) => {
          search.add(peers);
        },
        random: Math.random,
      }),
  );
  search.add(options.peers);
  try {
    return await search.result;
  } finally {
    search.end();
    await Promise.all(announcers.map((announcer) => announcer.stop()));
  }
}

/** Asks peers one after the other, a few at a time, until one gives what is wanted. */
class MetadataSearch {
  readonly infohash: Uint8Array;
  readonly peerId: Uint8Array = Buffer.concat([Buffer.from(PEER_ID_PREFIX), randomBytes(20 - PEER_ID_PREFIX.length)]);
  readonly result: Promise<Uint8Array>;
  readonly #identity: MetadataIdentity;
  readonly #known = new Set<string>();
  readonly #waiting: PeerAddress[] = [];
  readonly #sockets = new Set<PeerSocket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => {
    this.#fail(this.#signal?.reason);
  };
  #resolve: (infoBytes: Uint8Array) => void = () => undefined;
  #fail: (reason: unknown) => void = () => undefined;
  #isEnded = false;

  constructor({ identity, timeoutMs, signal }: FetchMetadataOptions) {
    this.#identity = identity;
    this.infohash = identity.infohashV1 ?? (identity.infohashV2 ?? new Uint8Array(20)).subarray(0, 20);
    this.#signal = signal;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#fail = reject;
    });
    signal?.addEventListener('abort', this.#onAbort);
    if (timeoutMs === undefined) return;
    this.#after(timeoutMs, () => {
      this.#fail(
        new TransferError(
          'timed_out',
          `fetch metadata: none of ${this.#known.size} peers gave it in ${timeoutMs / 1000} s`,
        ),
      );
    });
  }

  add(peers: readonly PeerAddress[]): void {
    for (const peer of peers) {
      if (this.#known.has(addressKey(peer))) continue;
      this.#known.add(addressKey(peer));
      this.#waiting.push(peer);
    }
    this.#dial();
  }

  end(): void {
    this.#isEnded = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #dial(): void {
    while (!this.#isEnded && this.#sockets.size < METADATA_PEERS_MAX) {
      const address = this.#waiting.shift();
      if (!address) return;
      this.#ask(address);
    }
  }

  #ask(address: PeerAddress): void {
    const download = new MetadataDownload(this.#identity);
    const socket = PeerSocket.dial(address, () => {
      socket.greet({ infohash: this.infohash, peerId: this.peerId, ...CAPABILITIES });
    });
    this.#sockets.add(socket);
    socket.listen({
      onEvent: (event) => {
        if (event.kind === 'handshake') {
          if (!event.extensions) throw new ProtocolError('bad_metadata', 'fetch metadata: the peer has no extensions');
          socket.send(download.greeting());
          return;
        }
        const { send, infoBytes } = download.receive(event);
        for (const message of send) socket.send(message);
        if (infoBytes) this.#resolve(infoBytes);
      },
      onRead: () => {
        socket.flush();
      },
      onClosed: () => {
        this.#sockets.delete(socket);
        this.#after(RETRY_MS, () => {
          this.#waiting.push(address);
          this.#dial();
        });
        this.#dial();
      },
    });
  }

  #after(delayMs: number, action: () => void): void {
    if (this.#isEnded) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }
}
