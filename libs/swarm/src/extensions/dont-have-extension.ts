import { DONT_HAVE_EXTENSION, encodeDontHave, parseDontHave } from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { PeerSessions } from '../peers/peer-sessions.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { Requests } from '../pieces/requests.ts';
import type { PeerExtension } from './peer-extension.ts';

/** Takes haves back (BEP 54): a file of the install was changed, and its pieces are no longer served. */
export class DontHaveExtension implements PeerExtension {
  readonly name: string = DONT_HAVE_EXTENSION;
  readonly id = 3;
  readonly #sessions: PeerSessions;
  readonly #requests: () => Requests;
  readonly #outbox: Outbox;

  constructor(options: { sessions: PeerSessions; requests: () => Requests; outbox: Outbox }) {
    this.#sessions = options.sessions;
    this.#requests = options.requests;
    this.#outbox = options.outbox;
  }

  received(peer: SwarmPeer, payload: Uint8Array): void {
    const piece = parseDontHave(payload);
    this.#sessions.hasNoMore(peer, piece);
    // With the fast extension the peer rejects by name what it was asked for.
    if (!peer.capabilities.fast) this.#requests().takeBackPiece(peer, piece);
  }

  /** The piece is not here any more. */
  tell(piece: number, peers: Iterable<SwarmPeer>): void {
    for (const peer of peers) {
      const extensionId = peer.extensionIds.get(this.name);
      if (extensionId !== undefined)
        this.#outbox.send(peer.number, { kind: 'extended', extensionId, payload: encodeDontHave(piece) });
    }
  }
}
