import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { CONNECTION_SECRET_BYTES, PEER_SLOT_MS, type Tracker, UdpTracker } from '@swarmpatch/tracker';

/** Room for the packets of a patch day's first second. */
const RECEIVE_BUFFER_BYTES: number = 4 * 1024 * 1024;

export interface UdpTrackerOptions {
  /** An address to bind to; an IPv6 one takes IPv4 as well where the system does. */
  host: string;
  /** 0 picks a free one. */
  port: number;
}

export interface UdpTrackerServer {
  readonly address: { host: string; port: number };
  close(): Promise<void>;
}

/** Serves a tracker over UDP (BEP 15). Rejects with the socket's error when the address cannot be bound. */
export async function startUdpTracker(tracker: Tracker, options: UdpTrackerOptions): Promise<UdpTrackerServer> {
  const edge = new UdpTracker(tracker, randomBytes(CONNECTION_SECRET_BYTES));
  const socket = createSocket({ type: isIPv6(options.host) ? 'udp6' : 'udp4' });
  await bind(socket, options);
  widenReceiveBuffer(socket);
  socket.on('message', (packet: Uint8Array, source: RemoteInfo) => {
    const reply = edge.receive(packet, source, Date.now());
    // A reply that cannot be sent is a lost packet: the client asks again.
    if (reply !== undefined) socket.send(reply, source.port, source.address, () => undefined);
  });
  socket.on('error', () => undefined);
  const bound = socket.address();
  return {
    address: { host: bound.address, port: bound.port },
    close: () => new Promise((resolve) => socket.close(resolve)),
  };
}

/** Drops silent peers once a time slot, however a tracker is served. @returns what ends it. */
export function startPeerSweep(tracker: Tracker): { stop(): void } {
  const timer = setInterval(() => {
    tracker.sweep(Date.now());
  }, PEER_SLOT_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
    },
  };
}

function bind(socket: Socket, { host, port }: UdpTrackerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: host, port }, () => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
}

/** Systems cap the size: a smaller buffer serves too. */
function widenReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    return;
  }
}
