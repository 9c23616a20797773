import { PieceGeometry } from '@swarmpatch/metainfo';
import type { BlockSpan, WireMessage } from '@swarmpatch/peer-wire';
import { describe, expect, it } from 'vitest';

import type { SwarmCommand } from './command.ts';
import { BlockLayout } from './pieces/block-layout.ts';
import { plainSwarm } from './plain-swarm.contract.ts';
import { TokenBucket } from './rates/token-bucket.ts';
import type { Swarm } from './swarm.ts';
import type { SwarmOptions } from './swarm-options.ts';

const PIECE_BYTES = 32_768;
const PIECES = 16;
const ALL = new Uint8Array([0xff, 0xff]);
const layout = new BlockLayout(
  new PieceGeometry([{ lengthBytes: PIECES * PIECE_BYTES, offsetBytes: 0 }], PIECE_BYTES, PIECES * PIECE_BYTES),
);

function newSwarm(options: Partial<SwarmOptions> = {}): Swarm {
  let draw = 0;
  return plainSwarm({
    layout,
    have: new Uint8Array(2),
    random: () => (draw = (draw + 0.618) % 1),
    ...options,
  });
}

function connect(swarm: Swarm, id: number, ...messages: readonly WireMessage[]): number {
  const peer = swarm.peerConnected(
    {
      peerId: id.toString(16).padStart(40, '0'),
      capabilities: { extensions: true, fast: true, v2: true },
      direction: 'incoming',
      host: `192.168.${id}.1`,
    },
    0,
  );
  if (typeof peer === 'string') throw new Error(peer);
  for (const message of messages) swarm.messageReceived(peer, message, 0);
  return peer;
}

function connectSeed(swarm: Swarm, id: number): number {
  return connect(swarm, id, { kind: 'have_all' }, { kind: 'unchoke' });
}

function sent(commands: readonly SwarmCommand[], kind: WireMessage['kind']): (WireMessage & { readonly to: number })[] {
  return commands.flatMap((command) =>
    command.kind === 'send' && command.message.kind === kind ? [{ ...command.message, to: command.peer }] : [],
  );
}

function requests(commands: readonly SwarmCommand[]): (BlockSpan & { readonly to: number })[] {
  return commands.flatMap((command) =>
    command.kind === 'send' && command.message.kind === 'request' ? [{ ...command.message, to: command.peer }] : [],
  );
}

function has(commands: readonly SwarmCommand[], kind: SwarmCommand['kind']): boolean {
  return commands.some((command) => command.kind === kind);
}

describe('Swarm.pause()', () => {
  it('takes requests back, chokes everyone, and goes on at resume()', () => {
    const swarm = newSwarm();
    const peer = connectSeed(swarm, 1);
    swarm.messageReceived(peer, { kind: 'interested' }, 0);
    const asked = requests(swarm.drain(0));
    swarm.pause();
    const paused = swarm.drain(0);
    expect(sent(paused, 'cancel')).toHaveLength(asked.length);
    expect(sent(paused, 'choke')).toHaveLength(1);
    swarm.tick(60_000);
    expect(requests(swarm.drain(60_000))).toEqual([]);
    swarm.audit();
    swarm.resume(60_000);
    const resumed = swarm.drain(60_000);
    expect(requests(resumed).length).toBeGreaterThan(4);
    expect(sent(resumed, 'unchoke')).toHaveLength(1);
  });

  it('ends what comes over HTTP, and begins again at resume()', () => {
    const swarm = newSwarm({ webSeedCount: 1 });
    swarm.tick(0);
    const runs = swarm.drain(0).filter((command) => command.kind === 'fetch');
    expect(runs.length).toBeGreaterThan(0);
    swarm.pause();
    const ends = runs.map(({ runId, firstPiece }) => ({ kind: 'shorten_fetch', runId, endPiece: firstPiece }));
    expect(swarm.drain(0)).toEqual(expect.arrayContaining(ends));
    swarm.tick(60_000);
    expect(has(swarm.drain(60_000), 'fetch')).toBe(false);
    swarm.resume(60_000);
    expect(has(swarm.drain(60_000), 'fetch')).toBe(true);
  });

  it('takes what was under way all the same', () => {
    const swarm = newSwarm();
    const peer = connectSeed(swarm, 1);
    const [first] = requests(swarm.drain(0));
    swarm.pause();
    if (!first) throw new Error('nothing was asked for');
    swarm.messageReceived(
      peer,
      { kind: 'block', piece: first.piece, begin: first.begin, bytes: new Uint8Array(first.lengthBytes) },
      10,
    );
    expect(has(swarm.drain(10), 'disconnect')).toBe(false);
  });
});

describe('Swarm and the disk', () => {
  it('fetches a lost piece again, and serves it no more', () => {
    const swarm = newSwarm({ have: ALL });
    const seed = connect(swarm, 1, { kind: 'interested' });
    expect(swarm.pieceLost(3, 'fetch')).toBe(true);
    expect(swarm.pieceLost(3, 'fetch')).toBe(false);
    expect(swarm.isComplete).toBe(false);
    swarm.drain(0);
    swarm.messageReceived(seed, { kind: 'request', piece: 3, begin: 0, lengthBytes: 16_384 }, 0);
    expect(sent(swarm.drain(0), 'reject')).toHaveLength(1);
    swarm.messageReceived(seed, { kind: 'have', piece: 3 }, 0);
    swarm.messageReceived(seed, { kind: 'unchoke' }, 0);
    expect(requests(swarm.drain(0)).map(({ piece }) => piece)).toEqual([3, 3]);
    swarm.audit();
  });

  it('leaves a lost piece alone when told so', () => {
    const swarm = newSwarm({ have: ALL });
    swarm.pieceLost(3, 'leave');
    expect(swarm.isComplete).toBe(true);
    expect(swarm.missingWithin(0, PIECES)).toBe(1);
    swarm.audit();
  });

  it('verifies and writes what another file brings, and counts it apart', () => {
    const swarm = newSwarm();
    const peer = connectSeed(swarm, 1);
    swarm.drain(0);
    expect(swarm.adoptPiece(5, new Uint8Array(PIECE_BYTES), 0)).toBe(true);
    const commands = swarm.drain(0);
    expect(commands).toContainEqual({ kind: 'verify', piece: 5 });
    swarm.pieceVerified(5, 'good', 0);
    swarm.drain(0);
    swarm.pieceWritten(5, 0);
    expect(swarm.stats(0)).toMatchObject({ fromDiskBytes: PIECE_BYTES, fromPeersBytes: 0, piecesHave: 1 });
    expect(swarm.adoptPiece(5, new Uint8Array(PIECE_BYTES), 0)).toBe(false);
    swarm.peerDisconnected(peer, 0);
    swarm.audit();
  });

  it('tells others of a piece that was put in its place', () => {
    const swarm = newSwarm();
    const peer = connect(swarm, 1);
    expect(swarm.pieceFound(5, 0)).toBe(true);
    expect(sent(swarm.drain(0), 'have')).toEqual([{ kind: 'have', piece: 5, to: peer }]);
    expect(swarm.stats(0).fromDiskBytes).toBe(PIECE_BYTES);
  });
});

describe('Swarm and priorities', () => {
  it('asks for pieces of a higher priority before all others, whenever that is said', () => {
    const swarm = newSwarm();
    const priorities = new Uint8Array(PIECES).fill(1, 8, 12);
    swarm.setPriorities(priorities);
    connectSeed(swarm, 1);
    const pieces = requests(swarm.drain(0)).map(({ piece }) => piece);
    expect(pieces.length).toBeGreaterThan(4);
    for (const piece of pieces.slice(0, 8)) expect(piece >= 8 && piece < 12).toBe(true);
  });

  it('asks for what a reader waits for in order and before all else', () => {
    const swarm = newSwarm();
    swarm.readAhead([{ first: 6, end: 9 }]);
    connectSeed(swarm, 1);
    const pieces = requests(swarm.drain(0)).map(({ piece }) => piece);
    expect(pieces.slice(0, 6)).toEqual([6, 6, 7, 7, 8, 8]);
  });

  it('asks another for what a reader waits for when it is late', () => {
    const swarm = newSwarm();
    swarm.readAhead([{ first: 6, end: 7 }]);
    const slow = connectSeed(swarm, 1);
    swarm.drain(0);
    const fast = connectSeed(swarm, 2);
    expect(requests(swarm.drain(0)).some(({ to, piece }) => to === fast && piece === 6)).toBe(false);
    swarm.tick(3_000);
    swarm.peerDisconnected(connectSeed(swarm, 3), 3_000);
    const third = connectSeed(swarm, 4);
    const asked = requests(swarm.drain(3_000)).filter(({ to }) => to === third);
    expect(asked.slice(0, 2).map(({ piece }) => piece)).toEqual([6, 6]);
    expect(slow).not.toBe(third);
    swarm.audit();
  });
});

describe('Swarm on a local network', () => {
  it.each([
    ['exempt', PIECES * 2],
    ['counted', 3],
  ] as const)('has its limits %s for peers there', (lanLimits, most) => {
    const limit = new TokenBucket(1);
    const swarm = newSwarm({ lanLimits, downloadLimit: limit });
    const peer = connectSeed(swarm, 1);
    const asked = new Set<string>();
    for (let round = 0; round < 40; round += 1) {
      for (const { piece, begin, lengthBytes } of requests(swarm.drain(0))) {
        asked.add(`${piece} ${begin}`);
        swarm.messageReceived(peer, { kind: 'block', piece, begin, bytes: new Uint8Array(lengthBytes) }, 0);
      }
    }
    expect(asked.size).toBeLessThanOrEqual(most);
    expect(asked.size === PIECES * 2).toBe(lanLimits === 'exempt');
  });

  it.each([
    ['exempt', 1],
    ['counted', 0],
  ] as const)('has limits that others have used up %s for peers there, both ways', (lanLimits, moved) => {
    const [downloadLimit, uploadLimit] = [new TokenBucket(1), new TokenBucket(1)];
    for (const limit of [downloadLimit, uploadLimit]) limit.spend(1_000_000, 0);
    const swarm = newSwarm({ lanLimits, downloadLimit, uploadLimit, have: Uint8Array.of(0x80, 0) });
    const peer = connectSeed(swarm, 1);
    expect(requests(swarm.drain(0)).length > 0).toBe(moved > 0);
    const asker = connect(swarm, 2, { kind: 'have_none' }, { kind: 'interested' });
    swarm.messageReceived(asker, { kind: 'request', piece: 0, begin: 0, lengthBytes: 16_384 }, 0);
    expect(swarm.drain(0).filter(({ kind }) => kind === 'upload')).toHaveLength(moved);
    expect(peer).not.toBe(asker);
  });
});

describe('Swarm and a peer that claims what it does not have', () => {
  it('stops asking it, and asks others', () => {
    const swarm = newSwarm();
    const liar = connectSeed(swarm, 1);
    let rounds = 0;
    for (let asked = requests(swarm.drain(0)); asked.length > 0 && rounds < 1_000; asked = requests(swarm.drain(0))) {
      rounds += 1;
      for (const { piece, begin, lengthBytes } of asked)
        swarm.messageReceived(liar, { kind: 'reject', piece, begin, lengthBytes }, 0);
    }
    expect(rounds).toBeLessThan(100);
    const other = connectSeed(swarm, 2);
    const asked = requests(swarm.drain(0));
    expect(asked.length).toBeGreaterThan(4);
    for (const { to } of asked) expect(to).toBe(other);
    swarm.audit();
  });
});

describe('Swarm.leaveToOthers()', () => {
  const pieces = (swarm: Swarm): number[] => [...new Set(requests(swarm.drain(0)).map(({ piece }) => piece))];

  it('asks for the other pieces alone, and for these once they are not left any more', () => {
    const swarm = newSwarm();
    swarm.leaveToOthers([{ first: 0, end: 14 }]);
    connectSeed(swarm, 1);
    expect(pieces(swarm).every((piece) => piece >= 14)).toBe(true);
    swarm.leaveToOthers([]);
    expect(pieces(swarm).some((piece) => piece < 14)).toBe(true);
  });

  it('asks nobody, HTTP neither, while everything is left to others', () => {
    const swarm = newSwarm({ webSeedCount: 1 });
    swarm.leaveToOthers([{ first: 0, end: PIECES }]);
    connectSeed(swarm, 1);
    for (let nowMs = 0; nowMs < 20_000; nowMs += 1_000) {
      swarm.tick(nowMs);
      const commands = swarm.drain(nowMs);
      expect(requests(commands)).toEqual([]);
      expect(has(commands, 'fetch')).toBe(false);
    }
  });

  it('asks for what somebody waits for all the same', () => {
    const swarm = newSwarm();
    swarm.leaveToOthers([{ first: 0, end: PIECES }]);
    swarm.readAhead([{ first: 3, end: 4 }]);
    connectSeed(swarm, 1);
    expect(pieces(swarm)).toEqual([3]);
  });
});
