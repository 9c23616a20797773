import { PieceGeometry } from '@swarmpatch/metainfo';
import type { WireMessage } from '@swarmpatch/peer-wire';
import { describe, expect, it } from 'vitest';

import { Bitfield } from './pieces/bitfield.ts';
import { BlockLayout } from './pieces/block-layout.ts';
import type { PieceSlots } from './ports.ts';
import { TokenBucket } from './rates/token-bucket.ts';
import { Swarm } from './swarm.ts';
import { URGENT_PRIORITY } from './web/urgent-pieces.ts';

const PIECE_BYTES = 32_768;
const PIECES = 12;
const STEPS = 250;
const LAST_BYTES = 20_000;
const layout = new BlockLayout(
  new PieceGeometry(
    [{ lengthBytes: (PIECES - 1) * PIECE_BYTES + LAST_BYTES, offsetBytes: 0 }],
    PIECE_BYTES,
    PIECES * PIECE_BYTES,
  ),
);
const seeds = process.env['SWARMPATCH_SEED']
  ? [Number(process.env['SWARMPATCH_SEED'])]
  : Array.from({ length: 60 }, (_, at) => at + 1);

function seededRandom(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Slots that are strict about their use. */
class StrictSlots implements PieceSlots {
  readonly #open = new Set<number>();

  open(piece: number): void {
    if (this.#open.has(piece)) throw new Error(`piece ${piece} has a slot already`);
    this.#open.add(piece);
  }

  write(piece: number): void {
    this.#expect(piece);
  }

  adopt(piece: number): void {
    this.#open.add(piece);
  }

  fingerprints(piece: number): readonly string[] {
    this.#expect(piece);
    return Array.from({ length: layout.blockCount(piece) }, () => 'good');
  }

  release(piece: number): void {
    this.#open.delete(piece);
  }

  get count(): number {
    return this.#open.size;
  }

  #expect(piece: number): void {
    if (!this.#open.has(piece)) throw new Error(`piece ${piece} has no slot`);
  }
}

/** A swarm among peers, web seeds and a disk that do anything at any time. */
class Turmoil {
  readonly #random: () => number;
  readonly #slots = new StrictSlots();
  readonly #owed = new Map<number, { piece: number; begin: number; lengthBytes: number }[]>();
  readonly #runs = new Map<number, { next: number; end: number }>();
  readonly #verifying: number[] = [];
  readonly #writing: number[] = [];
  readonly #limit: TokenBucket;
  readonly swarm: Swarm;
  nowMs = 0;
  #lastId = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#limit = new TokenBucket(this.#pick([Infinity, 200_000]), new TokenBucket(this.#pick([Infinity, 400_000])));
    this.swarm = new Swarm({
      layout,
      have: this.#pick([new Uint8Array(2), new Uint8Array([0x1f, 0xf0])]),
      wanted: this.#pick([undefined, new Uint8Array([0xfe, 0xf0])]),
      slots: this.#slots,
      peerId: '00'.repeat(20),
      self: { client: 'test' },
      downloadLimit: this.#limit,
      uploadLimit: TokenBucket.unlimited(),
      webSeedCount: this.#pick([0, 2]),
      heldBytesMax: this.#pick([1, 4 * PIECE_BYTES, undefined]),
      superSeed: true,
      lanLimits: this.#pick(['exempt', 'counted']),
      random: this.#random,
    });
  }

  step(): void {
    const peer = this.#pick([...this.#owed.keys(), 0]);
    this.#pick<() => void>([
      () => this.#connect(),
      () => this.swarm.peerDisconnected(this.#forget(peer), this.nowMs),
      () => this.#say(peer, this.#message()),
      () => this.#say(peer, { kind: 'unchoke' }),
      () => this.#answer(peer, this.#pick(['block', 'block', 'block', 'reject'])),
      () => this.#answer(peer, 'block'),
      () => this.#finish(this.#pick(['good', 'good', 'good', 'bad'])),
      () => this.#finish('good'),
      () => this.#runOn(),
      () => this.#disk(),
      () => this.#steer(),
      () => this.#wait(this.#pick([10, 300, 1_000, 25_000])),
    ])();
    this.turn();
  }

  /** Carries out what the engine wants, as far as it needs no time. */
  turn(): void {
    for (const command of this.swarm.drain(this.nowMs)) {
      if (command.kind === 'verify') this.#verifying.push(command.piece);
      else if (command.kind === 'write') this.#writing.push(command.piece);
      else if (command.kind === 'disconnect') this.#forget(command.peer);
      else if (command.kind === 'fetch')
        this.#runs.set(command.runId, { next: command.firstPiece, end: command.firstPiece + command.pieceCount });
      else if (command.kind === 'shorten_fetch') {
        const run = this.#runs.get(command.runId);
        if (run) run.end = Math.min(run.end, command.endPiece);
      } else if (command.kind === 'upload')
        this.swarm.uploaded(command.peer, command.span.lengthBytes, 'sent', this.nowMs);
      else if (command.kind === 'send') this.#hear(command.peer, command.message);
    }
    this.swarm.audit();
    expect(this.swarm.drain(this.nowMs).filter(({ kind }) => kind === 'send')).toEqual([]);
  }

  /** From here on everything goes well, and one seed is there. */
  settle(): boolean {
    this.swarm.resume(this.nowMs);
    for (const peer of [...this.#owed.keys()]) this.swarm.peerDisconnected(this.#forget(peer), this.nowMs);
    const seed = this.#connect();
    this.#say(seed, { kind: 'have_all' });
    this.#say(seed, { kind: 'unchoke' });
    for (let round = 0; round < 2_000 && !this.swarm.isComplete; round += 1) {
      this.turn();
      for (const runId of this.#runs.keys()) this.swarm.webRunFailed(runId, 1e9, this.nowMs);
      this.#runs.clear();
      this.#answer(seed, 'block');
      this.#finish('good');
      this.#wait(100);
    }
    return this.swarm.isComplete;
  }

  get slotsInUse(): number {
    return this.#slots.count;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T;
  }

  #piece(): number {
    return Math.floor(this.#random() * PIECES);
  }

  #connect(): number {
    this.#lastId += 1;
    const peer = this.swarm.peerConnected(
      {
        peerId: (this.#lastId + 1).toString(16).padStart(40, '0'),
        capabilities: { extensions: true, fast: true, v2: true },
        direction: 'incoming',
        host: `10.${this.#lastId >> 8}.${this.#lastId & 255}.1`,
      },
      this.nowMs,
    );
    if (typeof peer === 'number') this.#owed.set(peer, []);
    return typeof peer === 'number' ? peer : 0;
  }

  #forget(peer: number): number {
    this.#owed.delete(peer);
    return peer;
  }

  #say(peer: number, message: WireMessage): void {
    this.swarm.messageReceived(peer, message, this.nowMs);
  }

  #hear(peer: number, message: WireMessage): void {
    const owed = this.#owed.get(peer);
    if (message.kind === 'request') owed?.push(message);
    if (message.kind !== 'cancel' || this.#random() < 0.5) return;
    const at = owed?.findIndex(({ piece, begin }) => piece === message.piece && begin === message.begin) ?? -1;
    if (at >= 0) owed?.splice(at, 1);
  }

  #message(): WireMessage {
    const piece = this.#piece();
    const bits = new Bitfield(PIECES);
    for (let each = 0; each < PIECES; each += 1) if (this.#random() < 0.5) bits.add(each);
    return this.#pick<WireMessage>([
      { kind: 'have_all' },
      { kind: 'bitfield', bits: bits.bits },
      { kind: 'have', piece },
      { kind: 'choke' },
      { kind: 'interested' },
      { kind: 'not_interested' },
      { kind: 'allowed_fast', piece },
      { kind: 'request', piece, begin: 0, lengthBytes: 16_384 },
      { kind: 'cancel', piece, begin: 0, lengthBytes: 16_384 },
    ]);
  }

  #answer(peer: number, kind: 'block' | 'reject'): void {
    const owed = this.#owed.get(peer) ?? [];
    const [span] = owed.splice(Math.floor(this.#random() * Math.min(3, owed.length)), 1);
    if (!span) return;
    if (kind === 'reject') this.#say(peer, { kind, ...span });
    else this.#say(peer, { kind, piece: span.piece, begin: span.begin, bytes: new Uint8Array(span.lengthBytes) });
  }

  #finish(result: 'good' | 'bad'): void {
    const verified = this.#verifying.shift();
    if (verified !== undefined) this.swarm.pieceVerified(verified, result, this.nowMs);
    const written = this.#writing.shift();
    if (written !== undefined) this.swarm.pieceWritten(written, this.nowMs);
  }

  #runOn(): void {
    const [runId, run] = [...this.#runs][0] ?? [];
    if (runId === undefined || !run) return;
    if (run.next >= run.end || this.#random() < 0.2) {
      this.#runs.delete(runId);
      if (this.#random() < 0.5) this.swarm.webRunEnded(runId, this.nowMs);
      else this.swarm.webRunFailed(runId, undefined, this.nowMs);
      return;
    }
    this.swarm.webBytesReceived(runId, 16_384, this.nowMs);
    if (!this.swarm.hasRoomForWebPiece(run.next, this.nowMs)) return;
    this.swarm.webPieceReceived(runId, run.next, new Uint8Array(layout.sizeBytes(run.next)));
    run.next += 1;
  }

  #disk(): void {
    const piece = this.#piece();
    this.#pick<() => void>([
      () => this.swarm.pieceLost(piece, this.#pick(['fetch', 'leave'])),
      () => this.swarm.pieceFound(piece, this.nowMs),
      () => this.swarm.adoptPiece(piece, new Uint8Array(layout.sizeBytes(piece)), this.nowMs),
    ])();
  }

  #steer(): void {
    const first = this.#piece();
    this.#pick<() => void>([
      () => this.swarm.pause(),
      () => this.swarm.resume(this.nowMs),
      () => this.swarm.resume(this.nowMs),
      () => this.swarm.setPriorities(Uint8Array.from({ length: PIECES }, () => this.#pick([0, 1, URGENT_PRIORITY]))),
      () => this.swarm.setPriorities(undefined),
      () => this.swarm.readAhead([{ first, end: Math.min(PIECES, first + 3) }]),
      () => this.#limit.setRate(this.#pick([100_000, 1_000_000, Infinity]), this.nowMs),
    ])();
  }

  #wait(lengthMs: number): void {
    this.nowMs += lengthMs;
    this.swarm.tick(this.nowMs);
  }
}

describe('Swarm, whatever happens to it', () => {
  it.each(seeds)('keeps its books, and ends with everything once one seed serves it, seed %i', (seed) => {
    const turmoil = new Turmoil(seed);
    for (let step = 0; step < STEPS; step += 1) turmoil.step();
    expect(turmoil.settle()).toBe(true);
    turmoil.swarm.audit();
  });
});
