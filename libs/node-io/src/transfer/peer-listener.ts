import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';

import {
  type EncryptionPolicy,
  encryptionRules,
  EncryptionResponder,
  type Handshake,
  StreamKeys,
} from '@swarmpatch/peer-wire';

import { HANDSHAKE_TIMEOUT_MS, PeerSocket } from './peer-socket.ts';
import { TransferError } from './transfer-error.ts';

/** Connections that have not said yet which torrent they are for. */
export const PENDING_CONNECTIONS_MAX = 64;

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Takes a connection whose handshake named its torrent. */
export type IncomingPeer = (socket: PeerSocket, handshake: Handshake) => void;

/** Where peers come in; hands each to the torrent that its handshake names. */
export class PeerListener {
  readonly #server: Server;
  readonly #routes = new Map<string, IncomingPeer>();
  /** The same torrents, as encrypted connections name them. */
  readonly #keys = new StreamKeys();
  #pending = 0;

  private constructor(encryption: EncryptionPolicy) {
    const rules = encryptionRules(encryption);
    this.#server = createServer((socket) => {
      if (this.#pending >= PENDING_CONNECTIONS_MAX) socket.destroy();
      else this.#accept(PeerSocket.accepted(socket, new EncryptionResponder({ rules, keys: this.#keys, randomBytes })));
    });
  }

  /** @throws {TransferError} `port_taken`, `listen_failed` */
  static async open({ host, port }: ListenAddress, encryption: EncryptionPolicy): Promise<PeerListener> {
    const listener = new PeerListener(encryption);
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', (error: NodeJS.ErrnoException) => {
        const doing = `listen for peers on ${host}:${port}`;
        reject(
          error.code === 'EADDRINUSE'
            ? new TransferError('port_taken', `${doing}: another program has this port; choose another`, error)
            : new TransferError('listen_failed', `${doing}: ${error.message}; choose another address or port`, error),
        );
      });
      // All interfaces is what no host means, on machines without IPv6, too.
      listener.#server.listen(host === '::' ? { port } : { host, port }, resolve);
    });
    return listener;
  }

  get address(): ListenAddress {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Whether somebody takes peers of one of these. */
  hasRoute(infohashes: readonly Uint8Array[]): boolean {
    return infohashes.some((infohash) => this.#routes.has(Buffer.from(infohash).toString('hex')));
  }

  /** @param infohashes 20 bytes each. */
  route(infohashes: readonly Uint8Array[], onPeer: IncomingPeer): void {
    for (const infohash of infohashes) {
      this.#routes.set(Buffer.from(infohash).toString('hex'), onPeer);
      this.#keys.add(infohash);
    }
  }

  unroute(infohashes: readonly Uint8Array[]): void {
    for (const infohash of infohashes) {
      this.#routes.delete(Buffer.from(infohash).toString('hex'));
      this.#keys.delete(infohash);
    }
  }

  async close(): Promise<void> {
    this.#routes.clear();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: PeerSocket): void {
    this.#pending += 1;
    let isPending = true;
    const settle = (): void => {
      clearTimeout(timer);
      if (isPending) this.#pending -= 1;
      isPending = false;
    };
    const timer = setTimeout(() => {
      socket.destroy();
    }, HANDSHAKE_TIMEOUT_MS);
    socket.listen({
      onEvent: (event) => {
        if (event.kind !== 'handshake') return;
        settle();
        const route = this.#routes.get(Buffer.from(event.infohash).toString('hex'));
        if (route) route(socket, event);
        else socket.destroy();
      },
      onRead: () => undefined,
      onClosed: settle,
    });
  }
}
