import { COMPACT_PEER6_BYTES, COMPACT_PEER_BYTES } from './compact-peers.ts';
import { PEER_SLOTS_KEPT, PEERS_PER_ADDRESS_MAX } from './limits.ts';
import { PeerList, type RankRange, SLOT_MODULUS } from './peer-list.ts';

export type PeerRole = 'seed' | 'leecher';
export type PeerFamily = 'ipv4' | 'ipv6';

/** Lengths of the address prefixes that count as near, nearest first, and of the one that counts as one host. */
const NEAR_PREFIX_BYTES = { ipv4: [3, 2], ipv6: [8, 6] } as const;
const HOST_PREFIX_BYTES = { ipv4: 4, ipv6: 8 } as const;

/** How the number of peers of a swarm changed. */
export interface SwarmChange {
  peersAdded: number;
  /** The peer was a leecher and is a seed now. */
  hasFinished: boolean;
}

/**
 * Everyone known in one torrent. A peer is in at most one of the two roles of its family, under its compact address.
 */
export class TorrentSwarm {
  readonly #families: Partial<Record<PeerFamily, Record<PeerRole, PeerList>>> = {};
  #sweptSlot: number;

  constructor(nowSlot: number) {
    this.#sweptSlot = nowSlot;
  }

  get seeds(): number {
    return this.#countOf('seed');
  }

  get leechers(): number {
    return this.#countOf('leecher');
  }

  get peers(): number {
    return this.seeds + this.leechers;
  }

  /** Takes a peer in or renews it; a host with too many peers loses its oldest. */
  put(key: Uint8Array, family: PeerFamily, role: PeerRole, nowSlot: number): SwarmChange {
    const before = this.peers;
    const lists = (this.#families[family] ??= emptyLists(family));
    const list = lists[role];
    if (!list.put(key, nowSlot)) return { peersAdded: 0, hasFinished: false };
    const hasChangedRole = lists[role === 'seed' ? 'leecher' : 'seed'].remove(key);
    const host = list.ranksOfPrefix(key, HOST_PREFIX_BYTES[family]);
    if (host.end - host.start > PEERS_PER_ADDRESS_MAX) list.removeOldest(host, nowSlot);
    return { peersAdded: this.peers - before, hasFinished: hasChangedRole && role === 'seed' };
  }

  /** Whether the peer is known already, in either role. */
  has(key: Uint8Array, family: PeerFamily): boolean {
    const lists = this.#families[family];
    return lists !== undefined && (lists.leecher.rankOf(key) !== undefined || lists.seed.rankOf(key) !== undefined);
  }

  remove(key: Uint8Array, family: PeerFamily): boolean {
    const lists = this.#families[family];
    return lists !== undefined && (lists.leecher.remove(key) || lists.seed.remove(key));
  }

  /** Drops peers that fell silent; does nothing twice in one slot. @returns how many. */
  sweep(nowSlot: number): number {
    const slotsPassed = nowSlot - this.#sweptSlot;
    if (slotsPassed <= 0) return 0;
    this.#sweptSlot = nowSlot;
    const before = this.peers;
    // Slots are kept modulo SLOT_MODULUS: after so long a pause they no longer tell old from new, and all are old.
    const slotsKept = slotsPassed < SLOT_MODULUS - PEER_SLOTS_KEPT ? PEER_SLOTS_KEPT : -1;
    for (const { seed, leecher } of Object.values(this.#families)) {
      seed.sweep(nowSlot, slotsKept);
      leecher.sweep(nowSlot, slotsKept);
    }
    return before - this.peers;
  }

  /**
   * Picks peers for one of them: none of the seeds for a seed, and never itself. Half come from nearby where there are so
   * many, the rest from everywhere, so that the swarm stays one.
   *
   * @returns compact peers of that family.
   */
  select(key: Uint8Array, family: PeerFamily, role: PeerRole, wanted: number, random: () => number): Uint8Array {
    const lists = this.#families[family];
    if (lists === undefined) return new Uint8Array(0);
    const { seed, leecher } = lists;
    if (role === 'seed') return collect([{ list: leecher, wanted }], key, family, random);
    const seedsWanted = Math.min(seed.count, Math.max(Math.ceil(wanted / 2), wanted - leecher.count));
    const leechersWanted = wanted - seedsWanted;
    return collect(
      [
        { list: leecher, wanted: leechersWanted },
        { list: seed, wanted: seedsWanted },
      ],
      key,
      family,
      random,
    );
  }

  #countOf(role: PeerRole): number {
    return (this.#families.ipv4?.[role].count ?? 0) + (this.#families.ipv6?.[role].count ?? 0);
  }
}

function emptyLists(family: PeerFamily): Record<PeerRole, PeerList> {
  const keyBytes = family === 'ipv4' ? COMPACT_PEER_BYTES : COMPACT_PEER6_BYTES;
  return { seed: new PeerList(keyBytes), leecher: new PeerList(keyBytes) };
}

function collect(
  shares: readonly { list: PeerList; wanted: number }[],
  key: Uint8Array,
  family: PeerFamily,
  random: () => number,
): Uint8Array {
  const target = new Uint8Array(
    shares.reduce((sum, share) => sum + Math.min(share.wanted, share.list.count), 0) * key.length,
  );
  let at = 0;
  for (const { list, wanted } of shares) at = collectFrom(list, wanted, key, family, random, { target, at });
  return target.subarray(0, at);
}

/** Rings around the asking peer, nearest first; each ring leaves at least half of the rest to the ones outside. */
function collectFrom(
  list: PeerList,
  wanted: number,
  key: Uint8Array,
  family: PeerFamily,
  random: () => number,
  output: { target: Uint8Array; at: number },
): number {
  const rings = ringsAround(list, key, family);
  let outsideCount = rings.reduce((sum, ring) => sum + sizeOf(ring), 0);
  let rest = Math.min(wanted, outsideCount);
  let { at } = output;
  for (const ring of rings) {
    const size = sizeOf(ring);
    outsideCount -= size;
    const picks = Math.min(size, Math.max(Math.ceil(rest / 2), rest - outsideCount));
    if (picks > 0) at = list.sample(output.target, at, ring, picks, random());
    rest -= picks;
  }
  return at;
}

function ringsAround(list: PeerList, key: Uint8Array, family: PeerFamily): RankRange[][] {
  const rings: RankRange[][] = [];
  const self = list.rankOf(key);
  let inner: RankRange | undefined = self === undefined ? undefined : { start: self, end: self + 1 };
  for (const prefixBytes of NEAR_PREFIX_BYTES[family]) {
    const outer = list.ranksOfPrefix(key, prefixBytes);
    rings.push(around(inner, outer));
    inner = outer;
  }
  rings.push(around(inner, { start: 0, end: list.count }));
  return rings;
}

/** What of `outer` lies before and after `inner`. */
function around(inner: RankRange | undefined, outer: RankRange): RankRange[] {
  const ranges =
    inner === undefined
      ? [outer]
      : [
          { start: outer.start, end: inner.start },
          { start: inner.end, end: outer.end },
        ];
  return ranges.filter((range) => range.end > range.start);
}

function sizeOf(ring: readonly RankRange[]): number {
  return ring.reduce((sum, range) => sum + range.end - range.start, 0);
}
