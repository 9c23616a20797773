import { type EncryptionRules, type Handshake, ProtocolError, type StreamOpening } from '@swarmpatch/peer-wire';
import { addressKey, type PeerAddress } from '@swarmpatch/swarm';

import { HANDSHAKE_TIMEOUT_MS, PeerSocket } from './peer-socket.ts';

/** Addresses of which it is remembered how a connection has to begin. */
export const KNOWN_OPENINGS_MAX = 2000;
/** A peer that does not understand how a connection begins mostly hangs up; some just wait. */
const FIRST_OPENING_TIMEOUT_MS = 4_000;

export interface DialEvents {
  /** The peer said which torrent it is here for, and is the caller's from now on. */
  onPeer(socket: PeerSocket, handshake: Handshake): void;
  /** Nobody is there, or nobody who can be talked to. */
  onFailed(): void;
}

/** Dials peers and greets them: encrypted or plainly, and the other way where a peer hangs up on the first. */
export class PeerDialer {
  readonly #rules: EncryptionRules;
  readonly #greeting: () => Handshake;
  readonly #known = new Map<string, StreamOpening>();
  readonly #sockets = new Set<PeerSocket>();
  #isStopped = false;

  constructor(rules: EncryptionRules, greeting: () => Handshake) {
    this.#rules = rules;
    this.#greeting = greeting;
  }

  dial(address: PeerAddress, events: DialEvents): void {
    const known = this.#known.get(addressKey(address));
    const { dialed } = this.#rules;
    this.#dial(address, known ? [known, ...dialed.filter((opening) => opening !== known)] : dialed, events);
  }

  /** Ends what has not come to a handshake. */
  stop(): void {
    this.#isStopped = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #dial(address: PeerAddress, [opening, ...others]: readonly StreamOpening[], events: DialEvents): void {
    if (!opening) return;
    const greeting = this.#greeting();
    const socket = PeerSocket.dial(address, () => {
      if (opening === 'plain') socket.greet(greeting);
      else socket.greetEncrypted(greeting, this.#rules.methods);
    });
    this.#sockets.add(socket);
    const timer = setTimeout(
      () => {
        socket.destroy();
      },
      others.length > 0 ? FIRST_OPENING_TIMEOUT_MS : HANDSHAKE_TIMEOUT_MS,
    );
    socket.listen({
      onEvent: (event) => {
        clearTimeout(timer);
        if (event.kind !== 'handshake') throw new ProtocolError('bad_sequence', `read ${event.kind}: no handshake was`);
        this.#sockets.delete(socket);
        this.#remember(address, opening);
        events.onPeer(socket, event);
      },
      onRead: () => undefined,
      onClosed: () => {
        clearTimeout(timer);
        this.#sockets.delete(socket);
        if (this.#isStopped) return;
        if (socket.hasConnected && others.length > 0) this.#dial(address, others, events);
        else events.onFailed();
      },
    });
  }

  #remember(address: PeerAddress, opening: StreamOpening): void {
    const key = addressKey(address);
    this.#known.delete(key);
    if (this.#known.size >= KNOWN_OPENINGS_MAX) this.#known.delete(this.#known.keys().next().value ?? key);
    this.#known.set(key, opening);
  }
}
