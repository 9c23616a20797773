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

/** A packet that is not answered is sent again after 15 s, then after twice as long, and so on (BEP 15). */
const RESEND_AFTER_MS = 15_000;
/** How long a connection id may be used (BEP 15). */
const CONNECTION_AGE_MS = 60_000;

/**
 * Connections to UDP trackers (BEP 15). Each keeps its socket and its id for a minute, for the other infohash of a
 * hybrid and for the other torrents of a session: some trackers bind the id to the port it came from.
 */
export class UdpTrackerLinks {
  readonly #links: Map<string, UdpLink> = new Map();

  /** Sends again and again until the signal ends it. @throws {TrackerError} */
  async announce(target: URL, request: AnnounceRequest, context: AnnounceContext): Promise<AnnounceReply> {
    if (target.port === '') throw new TrackerError('bad_tracker_url', `announce to ${target.href}: wanted a port`);
    const key = `${target.host} ${context.family ?? ''}`;
    const kept = this.#links.get(key);
    if (kept) {
      try {
        return await kept.announce(request, context.signal);
      } catch (error) {
        this.#drop(key, kept);
        const mayBeStale = error instanceof TrackerError && error.code === 'tracker_refused';
        if (!mayBeStale) throw error;
      }
    }
    const link = await UdpLink.connect(target, context);
    if (!this.#links.has(key)) this.#keep(key, link);
    try {
      return await link.announce(request, context.signal);
    } finally {
      if (this.#links.get(key) !== link) link.close();
    }
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #keep(key: string, link: UdpLink): void {
    this.#links.set(key, link);
    setTimeout(() => {
      this.#drop(key, link);
    }, CONNECTION_AGE_MS).unref();
  }

  #drop(key: string, link: UdpLink): void {
    if (this.#links.get(key) === link) this.#links.delete(key);
    link.close();
  }
}

/** A connected socket hears nobody but the tracker, and hears that its port is closed. */
class UdpLink {
  readonly #target: URL;
  readonly #socket: Socket;
  readonly #family: 'ipv4' | 'ipv6';
  #connectionId: Uint8Array = new Uint8Array(0);
  #exchanges = 0;
  #isClosing = false;

  private constructor(target: URL, socket: Socket, family: 'ipv4' | 'ipv6') {
    this.#target = target;
    this.#socket = socket;
    this.#family = family;
    // Exchanges keep the process, what is kept for later does not.
    socket
      .setMaxListeners(0)
      .on('error', () => undefined)
      .unref();
  }

  static async connect(target: URL, { signal, family }: AnnounceContext): Promise<UdpLink> {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    const opened = await openSocket(host, Number(target.port), family).catch((error: unknown) => {
      signal.throwIfAborted();
      throw unreachable(target, error);
    });
    const link = new UdpLink(target, opened.socket, opened.family === 6 ? 'ipv6' : 'ipv4');
    try {
      const reply = await link.#exchange(writeConnectRequest, signal);
      if (reply.action !== 'connect') throw unexpected(target, reply);
      link.#connectionId = reply.connectionId.slice();
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  async announce(request: AnnounceRequest, signal: AbortSignal): Promise<AnnounceReply> {
    const reply = await this.#exchange(
      (transactionId) => writeAnnounceRequest(this.#connectionId, transactionId, request),
      signal,
    );
    if (reply.action !== 'announce') throw unexpected(this.#target, reply);
    return reply.reply;
  }

  /** At once, or when what is under way has ended. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#exchanges === 0) this.#socket.close();
  }

  async #exchange(write: (transactionId: number) => Uint8Array, signal: AbortSignal): Promise<UdpReply> {
    this.#exchanges += 1;
    try {
      return await this.#sendUntilAnswered(write, signal);
    } finally {
      this.#exchanges -= 1;
      if (this.#isClosing && this.#exchanges === 0) this.#socket.close();
    }
  }

  #sendUntilAnswered(write: (transactionId: number) => Uint8Array, signal: AbortSignal): Promise<UdpReply> {
    const transactionId = randomInt(2 ** 32);
    const packet = write(transactionId);
    return new Promise<UdpReply>((resolve, reject) => {
      signal.throwIfAborted();
      let resendAfterMs = RESEND_AFTER_MS;
      let timer: NodeJS.Timeout | undefined;
      const finish = (): void => {
        clearTimeout(timer);
        this.#socket.off('message', onMessage).off('error', onError);
        signal.removeEventListener('abort', onAbort);
      };
      const send = (): void => {
        this.#socket.send(packet);
        timer = setTimeout(send, resendAfterMs);
        resendAfterMs *= 2;
      };
      const onMessage = (bytes: Uint8Array): void => {
        const reply = readUdpReply(bytes, this.#family);
        if (reply?.transactionId !== transactionId) return;
        finish();
        resolve(reply);
      };
      const onError = (error: Error): void => {
        finish();
        reject(unreachable(this.#target, error));
      };
      const onAbort = (): void => {
        finish();
        reject(signal.reason as Error);
      };
      this.#socket.on('message', onMessage).on('error', onError);
      signal.addEventListener('abort', onAbort);
      send();
    });
  }
}

async function openSocket(
  host: string,
  port: number,
  wanted: 4 | 6 | undefined,
): Promise<{ socket: Socket; family: number }> {
  const { address, family } = await lookup(host, { family: wanted ?? 0 });
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
  return { socket, family };
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
