import {
  encodePexMessage,
  parsePexMessage,
  PEX_CONTACTS_MAX,
  PEX_EXTENSION,
  type PexContact,
  ProtocolError,
} from '@swarmpatch/peer-wire';
import { formatIpAddress } from '@swarmpatch/tracker';

import type { Outbox } from '../command.ts';
import { mayBeDialled } from '../peers/host.ts';
import { addressKey } from '../peers/peer-address.ts';
import type { LossCause, PeerBook } from '../peers/peer-book.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { PeerExtension } from './peer-extension.ts';
import { type Contact, contactOf, RecentContacts } from './pex-contacts.ts';

/** BEP 11: no more than one message a minute. */
export const PEX_INTERVAL_MS = 60_000;
/** A newcomer is told of others soon: it has nobody else to ask. */
const PEX_FIRST_MS = 3_000;
/** Messages within a minute that are forgiven: clocks differ, and connections are slow. */
export const PEX_MESSAGES_PER_MINUTE_MAX = 6;
/** Contacts of one message that are looked at. */
export const PEX_ADDED_READ_MAX = 100;
/** Contacts that one connection can tell of in all. */
export const PEX_CONTACTS_PER_PEER_MAX = 1000;

interface Exchange {
  readonly told: Map<string, PexContact>;
  nextMs: number;
  /** How many had come and gone when this peer was told last. */
  toldAt: number;
  /** The newest of the recent contacts that were there then. */
  recentAt: number;
  heard: number[];
  learnedCount: number;
}

/**
 * Tells peers of each other (BEP 11): who is connected here and can be dialled. What is heard is hearsay: the book bounds
 * what one teller can fill, and nobody gets to name machines of a network that is not his own.
 */
export class PeerExchange implements PeerExtension {
  readonly name: string = PEX_EXTENSION;
  readonly id = 2;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #book: PeerBook;
  readonly #outbox: Outbox;
  readonly #exchanges = new Map<SwarmPeer, Exchange>();
  readonly #recent = new RecentContacts();
  #comings = 0;

  constructor(options: { peers: ReadonlyMap<number, SwarmPeer>; book: PeerBook; outbox: Outbox }) {
    this.#peers = options.peers;
    this.#book = options.book;
    this.#outbox = options.outbox;
  }

  greeted(peer: SwarmPeer, _handshake: unknown, nowMs: number): void {
    this.#comings += 1;
    if (this.#exchanges.has(peer) || !peer.extensionIds.has(this.name)) return;
    const told = new Map<string, PexContact>();
    const nextMs = nowMs + PEX_FIRST_MS;
    this.#exchanges.set(peer, { told, nextMs, toldAt: 0, recentAt: 0, heard: [], learnedCount: 0 });
  }

  left(peer: SwarmPeer, cause: LossCause): void {
    this.#comings += 1;
    const contact = cause === 'useless' ? contactOf(peer) : undefined;
    if (contact) this.#recent.add(contact);
    this.#exchanges.delete(peer);
  }

  /** @throws {ProtocolError} `bad_extension`, `too_many_requests` */
  received(peer: SwarmPeer, payload: Uint8Array, nowMs: number): void {
    const exchange = this.#exchanges.get(peer);
    if (!exchange) return;
    exchange.heard = [...exchange.heard.filter((heardMs) => heardMs > nowMs - PEX_INTERVAL_MS), nowMs];
    if (exchange.heard.length > PEX_MESSAGES_PER_MINUTE_MAX) {
      throw new ProtocolError(
        'too_many_requests',
        `take a peer exchange message: found ${exchange.heard.length} within a minute, one is wanted (BEP 11)`,
      );
    }
    const { added, dropped } = parsePexMessage(payload);
    const host = peer.place;
    // On a near host there may be many players; of a far subnet, all are one teller.
    const source = { name: host.isNear ? `${peer.host} ${peer.peerId}` : host.subnet, host };
    for (const { address, port } of dropped.slice(0, PEX_ADDED_READ_MAX)) {
      this.#book.dropped({ host: formatIpAddress(address), port }, source.name);
    }
    for (const { address, port } of added.slice(0, PEX_ADDED_READ_MAX)) {
      if (exchange.learnedCount >= PEX_CONTACTS_PER_PEER_MAX) return;
      exchange.learnedCount += 1;
      this.#book.add({ host: formatIpAddress(address), port }, 'pex', nowMs, source);
    }
  }

  tick(nowMs: number): void {
    let contacts: Contact[] | undefined;
    for (const [peer, exchange] of this.#exchanges) {
      if (nowMs < exchange.nextMs || exchange.toldAt === this.#comings) continue;
      contacts ??= [...this.#peers.values()].flatMap((each) => contactOf(each) ?? []);
      this.#tell(peer, exchange, contacts, nowMs);
    }
  }

  #tell(peer: SwarmPeer, exchange: Exchange, contacts: readonly Contact[], nowMs: number): void {
    exchange.toldAt = this.#comings;
    const own = peer.address && addressKey(peer.address);
    const isShown = ({ key, host }: Contact): boolean => key !== own && mayBeDialled(host, peer.place);
    const shown = contacts.filter(isShown);
    const live = new Set(shown.map(({ key }) => key));
    // They are not live, so the next message says that they are gone.
    const recent = this.#recent.since(exchange.recentAt, shown).filter((each) => isShown(each) && !live.has(each.key));
    exchange.recentAt = this.#recent.lastNumber;
    const added = [...shown, ...recent].filter(({ key }) => !exchange.told.has(key)).slice(0, PEX_CONTACTS_MAX);
    const dropped = [...exchange.told].filter(([key]) => !live.has(key)).slice(0, PEX_CONTACTS_MAX);
    if (added.length === 0 && dropped.length === 0) return;
    exchange.nextMs = nowMs + PEX_INTERVAL_MS;
    for (const { key, address, port } of added) exchange.told.set(key, { address, port });
    for (const [key] of dropped) exchange.told.delete(key);
    // What did not fit comes with the next message.
    if (exchange.told.size !== live.size) exchange.toldAt = 0;
    const payload = encodePexMessage({ added, dropped: dropped.map(([, contact]) => contact) });
    const extensionId = peer.extensionIds.get(this.name) ?? 0;
    this.#outbox.send(peer.number, { kind: 'extended', extensionId, payload });
  }
}
