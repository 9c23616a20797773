import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { DhtFamily } from '@swarmpatch/peer-wire';
import type { PeerEndpoint } from '@swarmpatch/tracker';
import type { DhtDelivery, DhtTranslator } from './dht-translator.ts';
import { DiscoveryError } from './discovery-error.ts';
import { networkOf, PacketBudget } from './packet-budget.ts';

/**
 * The UDP socket as the DHT library sees it. The library's reader runs out of memory on some packets (`l-3:`), and its
 * handlers throw on arguments of other types than BEP 5's: none of those come through. Nothing here throws or emits
 * 'error' once it is open.
 */
export class DhtSocket extends EventEmitter {
  readonly #family: DhtFamily;
  readonly #translator: DhtTranslator;
  #socket: Socket;
  readonly #budget: PacketBudget = new PacketBudget();
  #onDelivery: (delivery: DhtDelivery) => void = () => undefined;
  #isOpen = true;

  private constructor(family: DhtFamily, socket: Socket, translator: DhtTranslator) {
    super();
    this.#family = family;
    this.#translator = translator;
    this.#socket = this.#listen(socket);
  }

  /** @throws {DiscoveryError} `discovery_port_taken`, `discovery_unavailable` */
  static async open(family: DhtFamily, place: PeerEndpoint, translator: DhtTranslator): Promise<DhtSocket> {
    return new DhtSocket(family, await bind(family, place), translator);
  }

  /** Goes on at another address of this machine, if its port is free there. */
  async moveTo(host: string): Promise<void> {
    const { address, port } = this.address();
    if (host === address) return;
    const socket = await bind(this.#family, { host, port }).catch(() => undefined);
    if (socket === undefined) return;
    if (!this.#isOpen) {
      socket.close();
      return;
    }
    this.#socket.removeAllListeners().close();
    this.#socket = this.#listen(socket);
  }

  /** Calls with what a message brings beside the library's part, before the library has it. */
  onDelivery(take: (delivery: DhtDelivery) => void): void {
    this.#onDelivery = take;
  }

  address(): AddressInfo {
    return this.#socket.address();
  }

  /** It is bound already. */
  bind(): void {
    this.emit('listening');
  }

  send(packet: Uint8Array, _offset: number, _length: number, port: number, host: string): void {
    const dispatch = this.#isOpen ? this.#translator.send(packet, { host, port }) : undefined;
    if (dispatch === undefined) return;
    try {
      // A packet that cannot be sent is a lost one.
      this.#socket.send(dispatch.packet, dispatch.target.port, dispatch.target.host, () => undefined);
    } catch {
      return;
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
  }

  #listen(socket: Socket): Socket {
    socket.on('error', () => undefined);
    socket.on('message', (packet, source) => {
      this.#receive(packet, source);
    });
    return socket.once('close', () => this.emit('close'));
  }

  #receive(packet: Buffer, { address, port }: RemoteInfo): void {
    if (!this.#isOpen || port === 0) return;
    if (!this.#budget.take(networkOf(address), performance.now())) return;
    const delivery = this.#translator.receive(packet, { host: address, port });
    if (delivery === undefined) return;
    this.#onDelivery(delivery);
    try {
      this.emit('message', delivery.packet, { address: delivery.source.host, port });
    } catch {
      // The library's own mistake with one packet ends nothing.
    }
  }
}

async function bind(family: DhtFamily, { host, port }: PeerEndpoint): Promise<Socket> {
  const socket = family === 'ipv4' ? createSocket('udp4') : createSocket({ type: 'udp6', ipv6Only: true });
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
  return socket;
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
