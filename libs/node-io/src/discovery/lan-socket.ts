import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { LAN_GROUPS } from '@swarmpatch/peer-wire';

export type LanFamily = keyof typeof LAN_GROUPS;

/** An address of this machine, and how the system wants its interface named for multicast. */
interface LanInterface {
  readonly address: string;
  readonly name: string;
}

/**
 * The multicast group of one family, on as many interfaces as let us. Nothing here fails: where there is no multicast,
 * nobody is heard.
 */
export class LanSocket {
  readonly family: LanFamily;
  readonly #receiver: Socket;
  /** By address: a socket has one interface to send by. */
  readonly #senders: Map<string, Socket> = new Map();

  private constructor(family: LanFamily, receiver: Socket) {
    this.family = family;
    this.#receiver = receiver;
  }

  /** @returns undefined where the family, or the group's port, is not to be had. */
  static async open(
    family: LanFamily,
    onPacket: (packet: Uint8Array, source: RemoteInfo) => void,
  ): Promise<LanSocket | undefined> {
    const receiver = openSocket(family);
    const isBound = await new Promise<boolean>((resolve) => {
      receiver.once('error', () => {
        resolve(false);
      });
      receiver.bind(LAN_GROUPS[family].port, () => {
        resolve(true);
      });
    });
    if (!isBound) return undefined;
    // It ends with the discovery; until then it keeps no process.
    receiver.on('message', onPacket).unref();
    return new LanSocket(family, receiver);
  }

  /** Takes part on the interfaces that there are now; `addresses` leaves out the others. */
  join(addresses: readonly string[] | undefined): void {
    const interfaces = interfacesOf(this.family, addresses);
    for (const [address, sender] of this.#senders) {
      if (!interfaces.some((present) => present.address === address)) this.#drop(address, sender);
    }
    for (const { address, name } of interfaces) {
      if (this.#senders.has(address)) continue;
      attempt(() => {
        this.#receiver.addMembership(LAN_GROUPS[this.family].host, name);
      });
      this.#addSender(address, name);
    }
  }

  send(packet: Uint8Array): void {
    const { host, port } = LAN_GROUPS[this.family];
    for (const sender of this.#senders.values()) {
      attempt(() => {
        sender.send(packet, port, host, () => undefined);
      });
    }
  }

  close(): void {
    for (const [address, sender] of this.#senders) this.#drop(address, sender);
    this.#receiver.close();
  }

  #addSender(address: string, name: string): void {
    const sender = openSocket(this.family).unref();
    this.#senders.set(address, sender);
    sender.once('error', () => {
      this.#drop(address, sender);
    });
    sender.bind({ address, port: 0 }, () => {
      attempt(() => {
        sender.setMulticastInterface(name);
      });
    });
  }

  #drop(address: string, sender: Socket): void {
    if (this.#senders.get(address) !== sender) return;
    this.#senders.delete(address);
    attempt(() => {
      sender.close();
    });
  }
}

/** Several programs of one machine listen to the group. */
function openSocket(family: LanFamily): Socket {
  const socket =
    family === 'ipv4'
      ? createSocket({ type: 'udp4', reuseAddr: true })
      : createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true });
  return socket.on('error', () => undefined);
}

/** Link-local addresses are left out: what they name depends on who reads it. */
function interfacesOf(family: LanFamily, addresses: readonly string[] | undefined): LanInterface[] {
  const wanted = family === 'ipv4' ? 'IPv4' : 'IPv6';
  return Object.entries(networkInterfaces()).flatMap(([name, infos = []]) =>
    infos
      .filter((info) => info.family === wanted && !info.address.startsWith('fe80:'))
      .filter((info) => (addresses ? addresses.includes(info.address) : !info.internal))
      .map((info) => ({ address: info.address, name: wanted === 'IPv4' ? info.address : `::%${zoneOf(name)}` })),
  );
}

/** Windows numbers its interfaces, the others name them. */
function zoneOf(name: string): string {
  if (process.platform !== 'win32') return name;
  const scope = networkInterfaces()[name]?.find((info) => info.family === 'IPv6' && info.scopeid !== 0);
  return String(scope?.family === 'IPv6' ? scope.scopeid : 0);
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // An interface without multicast, or one that has gone.
  }
}
