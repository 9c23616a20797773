import { PieceGeometry } from '@swarmpatch/metainfo';
import type { WireMessage } from '@swarmpatch/peer-wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BlockLayout } from './pieces/block-layout.ts';
import type { SwarmCommand } from './command.ts';
import { plainSwarm } from './plain-swarm.contract.ts';
import type { Swarm } from './swarm.ts';
import { REQUESTS_QUEUED_MAX, UPLOAD_WINDOW_BYTES } from './uploads/uploads.ts';

const PIECE = 32_768;
const PIECES = 8;
const layout = new BlockLayout(
  new PieceGeometry([{ lengthBytes: PIECES * PIECE, offsetBytes: 0 }], PIECE, PIECES * PIECE),
);
function newSwarm(have = new Uint8Array(0), webSeedCount = 0): Swarm {
  return plainSwarm({
    layout,
    have,
    webSeedCount,
  });
}

function connect(swarm: Swarm, id: number, fast = true): number {
  const peer = swarm.peerConnected(
    {
      peerId: id.toString(16).padStart(40, '0'),
      capabilities: { extensions: true, fast, v2: true },
      direction: 'incoming',
      host: '10.0.0.1',
    },
    0,
  );
  if (typeof peer === 'string') throw new Error(peer);
  return peer;
}

function sent(commands: readonly SwarmCommand[], peer: number, kind: WireMessage['kind']): WireMessage[] {
  return commands.flatMap((command) =>
    command.kind === 'send' && command.peer === peer && command.message.kind === kind ? [command.message] : [],
  );
}

function disconnects(commands: readonly SwarmCommand[]): SwarmCommand[] {
  return commands.filter((command) => command.kind === 'disconnect');
}

/** A peer with every piece that serves us. */
function connectSeed(swarm: Swarm, id: number, fast = true): number {
  const peer = connect(swarm, id, fast);
  swarm.messageReceived(peer, fast ? { kind: 'have_all' } : { kind: 'bitfield', bits: new Uint8Array([0xff]) }, 0);
  swarm.messageReceived(peer, { kind: 'unchoke' }, 0);
  return peer;
}

describe('Swarm', () => {
  it('is interested in a peer with pieces, and asks once it is unchoked', () => {
    const swarm = newSwarm();
    const peer = connect(swarm, 1);
    swarm.messageReceived(peer, { kind: 'have', piece: 3 }, 0);
    const before = swarm.drain(0);
    expect(sent(before, peer, 'interested')).toHaveLength(1);
    expect(sent(before, peer, 'request')).toHaveLength(0);
    swarm.messageReceived(peer, { kind: 'unchoke' }, 0);
    expect(sent(swarm.drain(0), peer, 'request')).toEqual([
      { kind: 'request', piece: 3, begin: 0, lengthBytes: 16_384 },
      { kind: 'request', piece: 3, begin: 16_384, lengthBytes: 16_384 },
    ]);
  });

  it.each(['disconnect', 'choke', 'reject', 'silence'] as const)(
    'asks others for the blocks of a peer after a %s',
    (cause) => {
      const swarm = newSwarm();
      const first = connectSeed(swarm, 1, cause !== 'choke');
      const asked = sent(swarm.drain(0), first, 'request').length;
      expect(asked).toBeGreaterThan(4);
      if (cause === 'disconnect') swarm.peerDisconnected(first, 0);
      if (cause === 'choke') swarm.messageReceived(first, { kind: 'choke' }, 0);
      if (cause === 'silence') swarm.tick(21_000);
      if (cause === 'reject') {
        swarm.messageReceived(first, { kind: 'choke' }, 0);
        for (let piece = 0; piece < PIECES; piece += 1) {
          for (const begin of [0, 16_384])
            swarm.messageReceived(first, { kind: 'reject', piece, begin, lengthBytes: 16_384 }, 0);
        }
      }
      const other = connectSeed(swarm, 2);
      const seen = new Set<number>();
      for (let round = 0; round < 20; round += 1) {
        for (const message of sent(swarm.drain(21_000), other, 'request')) {
          if (message.kind !== 'request') continue;
          seen.add(message.piece * 2 + message.begin / 16_384);
          swarm.messageReceived(
            other,
            { kind: 'block', piece: message.piece, begin: message.begin, bytes: new Uint8Array(16_384) },
            21_000,
          );
        }
      }
      expect(seen.size).toBe(PIECES * 2);
      swarm.audit();
    },
  );

  it('cancels at the others what one has sent in the endgame', () => {
    const only = newSwarm(new Uint8Array([0x7f]));
    const a = connectSeed(only, 1);
    only.drain(0);
    const b = connectSeed(only, 2);
    expect(sent(only.drain(0), b, 'request')).toHaveLength(2);
    only.messageReceived(b, { kind: 'block', piece: 0, begin: 0, bytes: new Uint8Array(16_384) }, 0);
    expect(sent(only.drain(0), a, 'cancel')).toEqual([{ kind: 'cancel', piece: 0, begin: 0, lengthBytes: 16_384 }]);
    only.messageReceived(a, { kind: 'block', piece: 0, begin: 0, bytes: new Uint8Array(16_384) }, 0);
    expect(disconnects(only.drain(0))).toEqual([]);
  });

  it.each<[string, WireMessage]>([
    ['a block that was never asked for', { kind: 'block', piece: 0, begin: 0, bytes: new Uint8Array(16_384) }],
    ['a have past the last piece', { kind: 'have', piece: PIECES }],
    ['a bitfield of another length', { kind: 'bitfield', bits: new Uint8Array(2) }],
    ['a request past the piece', { kind: 'request', piece: 0, begin: PIECE, lengthBytes: 1 }],
    ['a request longer than a block', { kind: 'request', piece: 0, begin: 0, lengthBytes: 16_385 }],
    ['an extension handshake that is not bencoded', { kind: 'extended', extensionId: 0, payload: new Uint8Array([1]) }],
  ])('drops a peer that sends %s', (_, message) => {
    const swarm = newSwarm();
    const peer = connect(swarm, 1);
    swarm.messageReceived(peer, message, 0);
    expect(disconnects(swarm.drain(0))).toMatchObject([{ peer, reason: 'protocol_error' }]);
  });

  it.each([
    ['everything', 0xff, ['have_all'], ['bitfield']],
    ['nothing', 0x00, ['have_none'], []],
    ['some', 0x0f, ['bitfield'], ['bitfield']],
  ] as const)('says that %s is here, with the fast extension (BEP 6) and without', (_, bits, fast, plain) => {
    for (const [isFast, wanted] of [
      [true, fast],
      [false, plain],
    ] as const) {
      const swarm = newSwarm(Uint8Array.of(bits));
      const peer = connect(swarm, 1, isFast);
      const commands = swarm.drain(0);
      const said = (['have_all', 'have_none', 'bitfield', 'have'] as const).flatMap((kind) =>
        sent(commands, peer, kind).map((message) => message.kind),
      );
      expect(said).toEqual(wanted);
    }
  });

  it('serves only who is unchoked, and rejects the rest by name', () => {
    const swarm = newSwarm(new Uint8Array([0xff]));
    const peer = connect(swarm, 1);
    const request = { kind: 'request', piece: 1, begin: 0, lengthBytes: 16_384 } as const;
    swarm.messageReceived(peer, request, 0);
    expect(sent(swarm.drain(0), peer, 'reject')).toHaveLength(1);
    swarm.messageReceived(peer, { kind: 'interested' }, 0);
    swarm.messageReceived(peer, request, 0);
    const commands = swarm.drain(0);
    expect(sent(commands, peer, 'unchoke')).toHaveLength(1);
    expect(commands.filter((command) => command.kind === 'upload')).toHaveLength(1);
  });

  it('keeps one of two connections to the same peer, and none to itself', () => {
    const swarm = newSwarm();
    const capabilities = { extensions: true, fast: true, v2: true };
    const address = { host: '10.0.0.1', port: 5 };
    const peerId = '01'.repeat(20);
    expect(swarm.peerConnected({ peerId, capabilities, direction: 'incoming', host: '10.0.0.1' }, 0)).toBe(1);
    expect(swarm.peerConnected({ peerId, capabilities, direction: 'outgoing', host: '10.0.0.1', address }, 0)).toBe(2);
    expect(disconnects(swarm.drain(0))).toMatchObject([{ peer: 1, reason: 'second_connection' }]);
    expect(swarm.peerConnected({ peerId, capabilities, direction: 'incoming', host: '10.0.0.1' }, 0)).toBe(
      'second_connection',
    );
    expect(
      swarm.peerConnected(
        { peerId: '00'.repeat(20), capabilities, direction: 'outgoing', host: '10.0.0.1', address },
        0,
      ),
    ).toBe('own_connection');
  });

  it.each([true, false])('keeps as many requests of a peer as it says, and no more (with BEP 6: %s)', (isFast) => {
    const swarm = newSwarm(new Uint8Array([0xff]));
    const peer = connect(swarm, 1, isFast);
    swarm.messageReceived(peer, { kind: 'interested' }, 0);
    swarm.drain(0);
    // It takes nothing of what is sent, so its window stays full.
    const requestsMax = REQUESTS_QUEUED_MAX + UPLOAD_WINDOW_BYTES / 16_384;
    const request = { kind: 'request', piece: 1, begin: 0, lengthBytes: 16_384 } as const;
    const commands: SwarmCommand[] = [];
    for (let count = 0; count < requestsMax + 3; count += 1) {
      swarm.messageReceived(peer, request, count * 100);
      commands.push(...swarm.drain(count * 100));
    }
    expect(commands.filter(({ kind }) => kind === 'upload')).toHaveLength(UPLOAD_WINDOW_BYTES / 16_384);
    expect(sent(commands, peer, 'reject')).toHaveLength(isFast ? 3 : 0);
    expect(disconnects(commands)).toHaveLength(isFast ? 0 : 1);
  });

  it('keeps quiet connections alive, and leaves who says nothing for three minutes (BEP 3)', () => {
    const swarm = newSwarm();
    const [quiet, silent] = [connect(swarm, 1), connect(swarm, 2)];
    swarm.drain(0);
    const alive: number[] = [];
    for (let second = 1; second <= 200; second += 1) {
      const nowMs = second * 1_000;
      if (second % 110 === 0) swarm.messageReceived(quiet, { kind: 'keep_alive' }, nowMs);
      swarm.tick(nowMs);
      const commands = swarm.drain(nowMs);
      if (sent(commands, quiet, 'keep_alive').length > 0) alive.push(second);
      const left = disconnects(commands);
      expect(left.map((command) => command.kind === 'disconnect' && command.peer)).toEqual(
        second === 181 ? [silent] : [],
      );
    }
    expect(alive).toHaveLength(1);
    expect(alive[0]).toBeLessThan(120);
  });

  it('shortens a web run when peers fill in', () => {
    const swarm = newSwarm(new Uint8Array(0), 1);
    swarm.tick(0);
    const run = swarm.drain(0).findLast((command) => command.kind === 'fetch');
    expect(run).toBeDefined();
    if (run?.kind !== 'fetch') return;
    connectSeed(swarm, 1);
    swarm.tick(100);
    expect(swarm.drain(100)).toContainEqual({ kind: 'shorten_fetch', runId: run.runId, endPiece: run.firstPiece + 1 });
  });

  it('bridges what is here already within a web run, and asks for the next run as soon as one ends', () => {
    const swarm = newSwarm(new Uint8Array([0b0000_1000]), 1);
    swarm.tick(0);
    const fetches = (nowMs: number) => swarm.drain(nowMs).filter((command) => command.kind === 'fetch');
    const runs = fetches(0);
    const overHere = runs.filter(({ firstPiece, pieceCount }) => firstPiece < 4 && firstPiece + pieceCount > 5);
    expect(overHere).toHaveLength(1);
    for (const { runId } of runs) swarm.webRunEnded(runId, 10);
    expect(fetches(10)).not.toEqual([]);
    swarm.audit();
  });

  it('answers anything that a peer may say with messages or a disconnect', () => {
    const number = fc.oneof(fc.nat(PIECES), fc.constant(0xffffffff));
    const offset = fc.oneof(fc.constantFrom(0, 16_384, 32_768), fc.nat(70_000), fc.constant(0xffffffff));
    const message: fc.Arbitrary<WireMessage> = fc.oneof(
      fc
        .constantFrom<'choke' | 'unchoke' | 'interested' | 'not_interested' | 'have_all' | 'have_none' | 'keep_alive'>(
          'choke',
          'unchoke',
          'interested',
          'not_interested',
          'have_all',
          'have_none',
          'keep_alive',
        )
        .map((kind) => ({ kind })),
      fc
        .tuple(fc.constantFrom<'have' | 'suggest' | 'allowed_fast'>('have', 'suggest', 'allowed_fast'), number)
        .map(([kind, piece]) => ({ kind, piece })),
      fc
        .tuple(fc.constantFrom<'request' | 'cancel' | 'reject'>('request', 'cancel', 'reject'), number, offset, offset)
        .map(([kind, piece, begin, lengthBytes]) => ({ kind, piece, begin, lengthBytes })),
      fc
        .tuple(number, offset, fc.constantFrom(1, 16_384))
        .map(([piece, begin, length]) => ({ kind: 'block' as const, piece, begin, bytes: new Uint8Array(length) })),
      fc.uint8Array({ maxLength: 3 }).map((bits) => ({ kind: 'bitfield' as const, bits })),
      fc
        .tuple(fc.nat(2), fc.uint8Array({ maxLength: 40 }))
        .map(([extensionId, payload]) => ({ kind: 'extended' as const, extensionId, payload })),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), message), { maxLength: 60 }), fc.boolean(), (steps, isSeed) => {
        const swarm = newSwarm(isSeed ? new Uint8Array([0xff]) : new Uint8Array([0x11]));
        let id = 1;
        const peers = [0, 1, 2, 3].map(() => connect(swarm, (id += 1), id % 2 === 0));
        for (const [index, step] of steps) {
          swarm.messageReceived(peers[index] ?? 0, step, id * 100);
          for (const command of swarm.drain(id * 100)) {
            if (command.kind === 'verify') swarm.pieceVerified(command.piece, id % 3 === 0 ? 'bad' : 'good', id * 100);
            if (command.kind === 'write') swarm.pieceWritten(command.piece, id * 100);
            if (command.kind === 'disconnect') peers[index] = connect(swarm, (id += 1));
          }
          swarm.audit();
        }
      }),
      { numRuns: 300 },
    );
  });
});
