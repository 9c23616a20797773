import { PieceGeometry } from '@swarmpatch/metainfo';
import { describe, expect, it } from 'vitest';

import { SwarmPeer } from '../peers/swarm-peer.ts';
import { Bitfield } from '../pieces/bitfield.ts';
import { BlockLayout } from '../pieces/block-layout.ts';
import { PieceLedger } from '../pieces/piece-ledger.ts';
import { CHOKE_ROUND_MS, Choker, UPLOAD_SLOTS, UPLOAD_SLOTS_MAX, UPLOAD_SLOTS_MIN } from './choker.ts';
import { SpreadWatch, SPREADERS_MAX } from './spread-watch.ts';

const PIECE_BYTES = 16_384;
const PIECES = 20;

/** A seed, or a leecher, with peers that all want something. */
class Party {
  readonly peers: SwarmPeer[];
  readonly ledger: PieceLedger;
  readonly spread: SpreadWatch;
  readonly choker: Choker;
  nowMs = 0;

  constructor(size: number) {
    const layout = new BlockLayout(
      new PieceGeometry([{ lengthBytes: PIECES * PIECE_BYTES, offsetBytes: 0 }], PIECE_BYTES, PIECES * PIECE_BYTES),
    );
    this.ledger = new PieceLedger({
      layout,
      have: Bitfield.full(PIECES),
      wanted: Bitfield.full(PIECES),
      heldBytesMax: 0,
      random: () => 0.5,
    });
    this.peers = Array.from({ length: size }, (_, at) => {
      const peer = new SwarmPeer({
        number: at + 1,
        peerId: String(at),
        capabilities: { extensions: true, fast: true, v2: true },
        direction: 'incoming',
        host: `10.0.0.${at}`,
        pieces: new Bitfield(PIECES),
        nowMs: 0,
      });
      peer.isInterestedInUs = true;
      peer.areWeInterested = true;
      return peer;
    });
    const byNumber = new Map(this.peers.map((peer) => [peer.number, peer]));
    this.spread = new SpreadWatch({ ledger: this.ledger, peers: byNumber, seedCount: () => 0 });
    let draw = 0;
    this.choker = new Choker({ random: () => (draw = (draw + 0.37) % 1), spread: this.spread });
  }

  peer(at: number): SwarmPeer {
    const peer = this.peers[at];
    if (!peer) throw new Error(`there is no peer ${at}`);
    return peer;
  }

  /** Those served after the round. */
  round(role: 'seed' | 'leecher', sentBytesPerSecond = 0): SwarmPeer[] {
    this.nowMs += CHOKE_ROUND_MS;
    const decision = this.choker.round(this.peers, role, sentBytesPerSecond, this.nowMs);
    for (const peer of decision?.unchoke ?? []) peer.areWeChoking = false;
    for (const peer of decision?.choke ?? []) peer.areWeChoking = true;
    return this.peers.filter((peer) => !peer.areWeChoking);
  }

  gets(peer: SwarmPeer, piece: number): void {
    peer.pieces.add(piece);
    this.ledger.rarity.raise(piece);
    this.spread.appeared(peer, piece);
  }
}

describe('Choker', () => {
  it('serves those who sent a leecher most, and one who sent nothing', () => {
    const party = new Party(12);
    for (let at = 0; at < 8; at += 1) party.peer(at).received.add(5 ** at, 5_000);
    const served = party.round('leecher');
    const givers = party.peers.slice(8 - (UPLOAD_SLOTS - 1), 8);
    for (const giver of givers) expect(served).toContain(giver);
    expect(served).toHaveLength(UPLOAD_SLOTS);
  });

  it('prefers of those who sent a leecher about as much the ones that have least', () => {
    const party = new Party(12);
    for (let at = 0; at < 8; at += 1) {
      party.peer(at).received.add(100_000 - at * 10_000, 5_000);
      for (let piece = at; piece < 8; piece += 1) party.peer(at).pieces.add(piece);
    }
    party.peer(8).received.add(10_000, 5_000);
    const served = party.round('leecher');
    for (const giver of party.peers.slice(8 - (UPLOAD_SLOTS - 1), 8)) expect(served).toContain(giver);
  });

  it('forgets what was given long ago', () => {
    const party = new Party(12);
    party.peer(0).received.add(1_000_000, 1_000);
    party.round('leecher', 1e6);
    for (let round = 0; round < 6; round += 1) {
      for (let at = 1; at < 6; at += 1) party.peer(at).received.add(100_000, party.nowMs);
      party.round('leecher', 1e6);
    }
    for (let at = 1; at < 5; at += 1) expect(party.peer(at).areWeChoking).toBe(false);
  });

  it('takes the slot of a giver that snubs us', () => {
    const party = new Party(12);
    for (let at = 0; at < 8; at += 1) party.peer(at).received.add((at + 1) * 100_000, 5_000);
    party.peer(7).isSnubbed = true;
    const served = party.round('leecher');
    for (const giver of party.peers.slice(7 - (UPLOAD_SLOTS - 1), 7)) expect(served).toContain(giver);
  });

  it('tries those less often whom it served in vain', () => {
    const party = new Party(12);
    const givers = party.peers.slice(0, 6);
    const roundsOf = new Map(party.peers.map((peer) => [peer, 0]));
    const [late] = party.peers.slice(11);
    if (late) late.areWeInterested = false;
    for (let round = 0; round < 300; round += 1) {
      for (const giver of givers) giver.received.add(100_000, party.nowMs);
      for (const peer of party.round('leecher')) roundsOf.set(peer, (roundsOf.get(peer) ?? 0) + 1);
    }
    const inVain = party.peers.slice(6, 11).map((peer) => roundsOf.get(peer) ?? 0);
    expect(late && roundsOf.get(late)).toBeGreaterThan(2 * Math.max(...inVain));
  });

  it('fills the few first slots at once, and no more', () => {
    const party = new Party(12);
    for (const peer of party.peers) if (party.choker.fillsFreeSlot(peer, party.peers)) peer.areWeChoking = false;
    expect(party.peers.filter((peer) => !peer.areWeChoking)).toHaveLength(UPLOAD_SLOTS_MIN);
  });

  it('has more slots on a fast line and fewer on a slow one, within bounds', () => {
    const party = new Party(40);
    for (let round = 0; round < 40; round += 1) {
      for (const peer of party.peers) peer.received.add(100_000, party.nowMs);
      party.round('leecher', 1e9);
    }
    expect(party.peers.filter((peer) => !peer.areWeChoking)).toHaveLength(UPLOAD_SLOTS_MAX);
    for (let round = 0; round < 40; round += 1) {
      for (const peer of party.peers) peer.received.add(100_000, party.nowMs);
      party.round('leecher', 10_000);
    }
    expect(party.peers.filter((peer) => !peer.areWeChoking)).toHaveLength(UPLOAD_SLOTS_MIN);
  });

  it('serves as a seed those first who have got least for what they gave', () => {
    const party = new Party(12);
    for (let at = 0; at < 8; at += 1) {
      party.peer(at).received.add(1_000_000, 0);
      party.peer(at).sent.add((at + 1) * 100_000, 0);
    }
    const served = party.round('seed');
    for (let at = 0; at < UPLOAD_SLOTS - 1; at += 1) expect(served).toContain(party.peer(at));
    expect(served).toHaveLength(UPLOAD_SLOTS);
  });

  it('serves as a seed those whom it saw pass on what it gave them', () => {
    const party = new Party(12);
    const sharers = [3, 5, 8];
    for (const [piece, sharer] of sharers.map((at) => party.peer(at)).entries()) {
      party.spread.blockSent(sharer, piece);
      party.gets(sharer, piece);
      party.gets(party.peer(0), piece);
    }
    for (let round = 0; round < 5; round += 1) {
      const served = party.round('seed').map((peer) => party.peers.indexOf(peer));
      expect(served).toEqual(expect.arrayContaining(sharers));
    }
  });
});

describe('SpreadWatch', () => {
  it('credits the one from whom a piece must have come', () => {
    const party = new Party(3);
    party.spread.blockSent(party.peer(0), 4);
    party.gets(party.peer(0), 4);
    party.gets(party.peer(1), 4);
    expect(party.spread.spreadBytes(party.peer(0))).toBe(PIECE_BYTES);
    expect(party.spread.spreadBytes(party.peer(1))).toBe(0);
  });

  it('credits nobody for what the seed gave itself', () => {
    const party = new Party(3);
    party.gets(party.peer(0), 4);
    party.spread.blockSent(party.peer(1), 4);
    party.gets(party.peer(1), 4);
    expect(party.peers.map((peer) => party.spread.spreadBytes(peer))).toEqual([0, 0, 0]);
  });

  it('believes rather in those who were seen to pass on before', () => {
    const party = new Party(4);
    const [sharer, taker] = [party.peer(0), party.peer(1)];
    for (const piece of [0, 1, 2]) {
      party.spread.blockSent(sharer, piece);
      party.gets(sharer, piece);
      party.gets(party.peer(2), piece);
      party.gets(taker, piece);
      party.gets(party.peer(3), piece);
    }
    expect(party.spread.spreadBytes(sharer)).toBeGreaterThan(5 * party.spread.spreadBytes(taker));
  });

  it('learns nothing from a piece that many have', () => {
    const party = new Party(SPREADERS_MAX + 2);
    for (const peer of party.peers.slice(0, -1)) {
      party.spread.blockSent(peer, 4);
      party.gets(peer, 4);
    }
    party.gets(party.peer(SPREADERS_MAX + 1), 4);
    for (const peer of party.peers) expect(party.spread.spreadBytes(peer)).toBe(0);
  });
});
