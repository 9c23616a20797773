import { PEX_FLAGS, type PexAdded } from '@swarmpatch/peer-wire';

import { Host } from '../peers/host.ts';
import { addressKey } from '../peers/peer-address.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';

/** With fewer live contacts of a family, peers that were let go are told of, too; as many of them are kept (BEP 11). */
export const PEX_RECENT_CONTACTS_MAX = 25;

/** A peer as others are told of it. */
export interface Contact extends PexAdded {
  readonly key: string;
  readonly host: Host;
}

interface RecentContact extends Contact {
  readonly number: number;
}

/** Undefined of who cannot be dialled, as far as is known. */
export function contactOf(peer: SwarmPeer): Contact | undefined {
  const host = peer.address && new Host(peer.address.host);
  if (!peer.address || !host?.bytes) return undefined;
  const flags =
    (peer.isUploadOnly || peer.pieces.isFull ? PEX_FLAGS.uploadOnly : 0) |
    (peer.direction === 'outgoing' ? PEX_FLAGS.reachable : 0);
  return { key: addressKey(peer.address), host, address: host.bytes, port: peer.address.port, flags };
}

/**
 * Good peers to which this client had nothing to say: a seed hangs up on seeds, and would have none to tell leechers of
 * (BEP 11, "Filling underpopulated lists").
 */
export class RecentContacts {
  readonly #contacts = new Map<string, RecentContact>();
  #lastNumber = 0;

  get lastNumber(): number {
    return this.#lastNumber;
  }

  add(contact: Contact): void {
    this.#lastNumber += 1;
    this.#contacts.delete(contact.key);
    this.#contacts.set(contact.key, { ...contact, number: this.#lastNumber });
    const ofFamily = [...this.#contacts.values()].filter((each) => isOfFamily(each, contact));
    const [oldest] = ofFamily;
    if (oldest && ofFamily.length > PEX_RECENT_CONTACTS_MAX) this.#contacts.delete(oldest.key);
  }

  /** Those that came since, of families of which few are live. */
  since(number: number, live: readonly Contact[]): Contact[] {
    return [...this.#contacts.values()].filter((recent) => {
      const alike = live.filter((each) => isOfFamily(each, recent));
      return recent.number > number && alike.length < PEX_RECENT_CONTACTS_MAX;
    });
  }
}

function isOfFamily(a: Contact, b: Contact): boolean {
  return a.address.length === b.address.length;
}
