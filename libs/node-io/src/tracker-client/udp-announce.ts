import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import {
  type AnnounceReply,
  type AnnounceRequest,
  readUdpReply,
  TrackerError,
  type UdpReply,
  writeAnnounceRequest,
  writeConnectRequest,
} from '@swarmpatch/tracker';
import type { AnnounceContext } from './http-announce.ts';

/** A lost packet is sent again after this long, then twice as long, and so on. BEP 15's 15 s are for busier times. */
const RESEND_AFTER_MS = 1500;

type Family = 'ipv4' | 'ipv6';

/** Connects and announces (BEP 15) from a socket of its own. */
export async function announceOverUdp(
  target: URL,
  request: AnnounceRequest,
  { signal }: AnnounceContext,
): Promise<AnnounceReply> {
  if (target.port === '') throw new TrackerError('bad_tracker_url', `announce to ${target.href}: wanted a port`);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const socket = await connectSocket(host, Number(target.port), signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreachable(target, error);
  });
  try {
    const ask = (write: (transactionId: number) => Uint8Array): Promise<UdpReply> =>
      exchange(socket, write, target, signal);
    const connected = await ask(writeConnectRequest);
    if (connected.action !== 'connect') throw unexpected(target, connected);
    const announced = await ask((transactionId) =>
      writeAnnounceRequest(connected.connectionId, transactionId, request),
    );
    if (announced.action !== 'announce') throw unexpected(target, announced);
    return announced.reply;
  } finally {
    socket.socket.close();
  }
}

interface ConnectedSocket {
  socket: Socket;
  family: Family;
}

/** A connected socket hears nobody but the tracker, and hears that its port is closed. */
async function connectSocket(host: string, port: number, signal: AbortSignal): Promise<ConnectedSocket> {
  const { address, family } = await lookup(host);
  signal.throwIfAborted();
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.connect(port, address, () => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
  return { socket, family: family === 6 ? 'ipv6' : 'ipv4' };
}

function exchange(
  { socket, family }: ConnectedSocket,
  write: (transactionId: number) => Uint8Array,
  target: URL,
  signal: AbortSignal,
): Promise<UdpReply> {
  const transactionId = randomInt(2 ** 32);
  const packet = write(transactionId);
  return new Promise<UdpReply>((resolve, reject) => {
    let resendAfterMs = RESEND_AFTER_MS;
    let timer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      socket.off('message', onMessage).off('error', onError);
      signal.removeEventListener('abort', onAbort);
    };
    const send = (): void => {
      socket.send(packet);
      timer = setTimeout(send, resendAfterMs);
      resendAfterMs *= 2;
    };
    const onMessage = (bytes: Uint8Array): void => {
      const reply = readUdpReply(bytes, family);
      if (reply?.transactionId !== transactionId) return;
      finish();
      resolve(reply);
    };
    const onError = (error: Error): void => {
      finish();
      reject(unreachable(target, error));
    };
    const onAbort = (): void => {
      finish();
      reject(signal.reason as Error);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    socket.on('message', onMessage).on('error', onError);
    signal.addEventListener('abort', onAbort);
    send();
  });
}

function unexpected(target: URL, reply: UdpReply): TrackerError {
  return reply.action === 'error'
    ? new TrackerError('tracker_refused', `announce to ${target.href}: it refused: ${reply.message}`)
    : new TrackerError('bad_tracker_reply', `announce to ${target.href}: found a reply of kind ${reply.action}`);
}

function unreachable(target: URL, cause: unknown): TrackerError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new TrackerError('tracker_unreachable', `announce to ${target.href}: ${found}`, undefined, cause);
}
