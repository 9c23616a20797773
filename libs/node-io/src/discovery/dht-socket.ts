import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { isDhtPacket, trimDhtReply } from '@swarmpatch/peer-wire';
import { DiscoveryError } from './discovery-error.ts';
import { PacketBudget } from './packet-budget.ts';

/**
 * The UDP socket as the DHT library sees it. The library's reader runs out of memory on some packets (`l-3:`), and its
 * handlers throw on arguments of other types than BEP 5's: none of those come through. Nothing here throws or emits
 * 'error' once it is open.
 */
export class DhtSocket extends EventEmitter {
  readonly #socket: Socket;
  readonly #budget: PacketBudget = new PacketBudget();
  #isOpen = true;

  private constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (packet, source) => {
      this.#receive(packet, source);
    });
    socket.once('close', () => this.emit('close'));
  }

  /** @throws {DiscoveryError} `discovery_port_taken`, `discovery_unavailable` */
  static async open(host: string, port: number): Promise<DhtSocket> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error: NodeJS.ErrnoException) => {
        socket.close();
        reject(toDiscoveryError(error, host, port));
      });
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        resolve();
      });
    });
    return new DhtSocket(socket);
  }

  address(): AddressInfo {
    return this.#socket.address();
  }

  /** It is bound already. */
  bind(): void {
    this.emit('listening');
  }

  send(packet: Uint8Array, _offset: number, _length: number, port: number, host: string): void {
    if (!this.#isOpen) return;
    try {
      // A packet that cannot be sent is a lost one.
      this.#socket.send(trimDhtReply(packet), port, host, () => undefined);
    } catch {
      return;
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
  }

  #receive(packet: Buffer, source: RemoteInfo): void {
    if (!this.#isOpen || source.port === 0) return;
    if (!this.#budget.take(source.address, performance.now()) || !isDhtPacket(packet)) return;
    try {
      this.emit('message', packet, source);
    } catch {
      // The library's own mistake with one packet ends nothing.
    }
  }
}

function toDiscoveryError(error: NodeJS.ErrnoException, host: string, port: number): DiscoveryError {
  return error.code === 'EADDRINUSE'
    ? new DiscoveryError(
        'discovery_port_taken',
        `start the DHT: UDP port ${port} of ${host} is in use; name another one, or 0 for a free one`,
        error,
      )
    : new DiscoveryError('discovery_unavailable', `start the DHT on ${host}:${port}: ${error.message}`, error);
}
