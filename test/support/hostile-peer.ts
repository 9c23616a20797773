import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeHandshake, encodeMessages, type WireMessage } from '@swarmpatch/peer-wire';

/** What a hostile peer does with a connection, from its first byte on. */
export type Misdeed = (line: HostileLine) => Promise<void>;

const CHUNK_BYTES = 64 * 1024;
const ENOUGH_BYTES = 64 * 1024 * 1024;

/** One connection of a hostile peer. Nothing here fails: the other end may hang up at any time. */
export class HostileLine {
  readonly #socket: Socket;
  readonly #infohash: Uint8Array;
  #isOver = false;
  #resume: () => void = () => undefined;

  /** @param infohash 20 bytes. */
  constructor(socket: Socket, infohash: Uint8Array) {
    this.#socket = socket;
    this.#infohash = infohash;
    socket.setNoDelay(true).on('error', () => undefined);
    socket.on('drain', () => {
      this.#resume();
    });
    socket.on('close', () => {
      this.#isOver = true;
      this.#resume();
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  greeting(): Uint8Array {
    const abilities = { extensions: true, fast: true, v2: true };
    return encodeHandshake({ infohash: this.#infohash, peerId: randomBytes(20), ...abilities });
  }

  /** Sends the handshake and these messages behind it. */
  async greet(...messages: WireMessage[]): Promise<void> {
    await this.sendBytes(Buffer.concat([this.greeting(), encodeMessages(messages)]));
  }

  async send(...messages: WireMessage[]): Promise<void> {
    await this.sendBytes(encodeMessages(messages));
  }

  /** Reads what comes and forgets it. Who does not call this lets the other end's queue fill. */
  listen(): this {
    this.#socket.resume();
    return this;
  }

  async sendBytes(bytes: Uint8Array): Promise<void> {
    if (this.#isOver || this.#socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Says the same again and again, until it is hung up on or 64 MiB are out. */
  async flood(...messages: WireMessage[]): Promise<void> {
    const said = encodeMessages(messages);
    const chunk = Buffer.concat(new Array<Uint8Array>(Math.ceil(CHUNK_BYTES / said.length)).fill(said));
    for (let sentBytes = 0; !this.#isOver && sentBytes < ENOUGH_BYTES; sentBytes += chunk.length) {
      await this.sendBytes(chunk);
    }
  }

  /** Goes on for ever, one byte at a time. */
  async drip(bytes: Uint8Array, pauseMs: number): Promise<void> {
    for (const byte of bytes) {
      if (this.#isOver) return;
      await this.sendBytes(Uint8Array.of(byte));
      await sleep(pauseMs);
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Peers of one torrent that mean no good, and what became of them. */
export class HostilePeers {
  readonly #infohash: Uint8Array;
  readonly #servers: Server[] = [];
  readonly #lines: { name: string; line: HostileLine }[] = [];

  /** @param infohash 20 bytes. */
  constructor(infohash: Uint8Array) {
    this.#infohash = infohash;
  }

  /** Waits to be dialed. @returns Where, as `HOST:PORT`. */
  async wait(name: string, misdeed: Misdeed): Promise<string> {
    const server = createServer((socket) => void this.#begin(name, socket, misdeed));
    this.#servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
  }

  /** Dials. */
  go(name: string, to: string, misdeed: Misdeed): void {
    const { hostname, port } = new URL(`tcp://${to}`);
    void this.#begin(name, connect(Number(port), hostname), misdeed);
  }

  /** By name, how many connections there were and how many of them the other end has ended. */
  get fates(): Record<string, { met: number; expelled: number }> {
    const fates: Record<string, { met: number; expelled: number }> = {};
    for (const { name, line } of this.#lines) {
      const fate = (fates[name] ??= { met: 0, expelled: 0 });
      fate.met += 1;
      if (line.isOver) fate.expelled += 1;
    }
    return fates;
  }

  /** Waits until somebody has met each of these, and ended the connection. */
  async expelled(...names: string[]): Promise<void> {
    while (!names.every((name) => (this.fates[name]?.expelled ?? 0) > 0)) await sleep(20);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const { line } of this.#lines) line.end();
  }

  async #begin(name: string, socket: Socket, misdeed: Misdeed): Promise<void> {
    const line = new HostileLine(socket, this.#infohash);
    this.#lines.push({ name, line });
    await misdeed(line);
    // Only who reads sees that the other end has hung up.
    line.listen();
  }
}
