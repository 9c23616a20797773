import { createInfo, type Metainfo, parseInfo } from '@swarmpatch/metainfo';
import { blockHashesOf, MerkleHasher, rootFromProof } from '@swarmpatch/merkle';
import { hashReplyLength, type HashSpan, type WireMessage } from '@swarmpatch/peer-wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { SwarmCommand } from '../command.ts';
import { BlockLayout } from '../pieces/block-layout.ts';
import { VAIN_MESSAGES_BURST_MAX } from '../peers/message-budget.ts';
import { TokenBucket } from '../rates/token-bucket.ts';
import { Swarm } from '../swarm.ts';
import { HASH_REQUESTS_BURST_MAX, HASH_REQUESTS_WAITING_PER_PEER_MAX } from './hash-server.ts';
import { LEAF_READS_MAX } from './leaf-reads.ts';

const BLOCK = 16_384;
const PIECE = 4 * BLOCK;
const files = [
  { path: 'a', bytes: bytesOf(2 * BLOCK + 5, 1) },
  { path: 'b', bytes: bytesOf(5 * PIECE + BLOCK + 7, 2) },
];

function bytesOf(length: number, salt: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + salt) & 255);
}

function sampleTorrent(): Metainfo {
  const hashed = files.map(({ path, bytes }) => {
    const { piecesRoot, pieceLayer } = new MerkleHasher({ pieceLengthBytes: PIECE }).update(bytes).digest();
    return { path, lengthBytes: bytes.length, piecesRoot, pieceLayer };
  });
  const made = createInfo(hashed, { name: 'sample', format: 'v2', pieceLengthBytes: PIECE, isSingleFile: false });
  return parseInfo(made.infoBytes, made.pieceLayers ? { pieceLayers: made.pieceLayers } : {});
}

const metainfo = sampleTorrent();
const layout = new BlockLayout(metainfo.geometry);

/** The file bytes of a piece, as a store reads them. */
function readPiece(piece: number): Uint8Array {
  const [span] = metainfo.geometry.filesOfPiece(piece);
  const bytes = files[span?.fileIndex ?? 0]?.bytes ?? new Uint8Array(0);
  return bytes.subarray(span?.fileOffsetBytes, (span?.fileOffsetBytes ?? 0) + (span?.lengthBytes ?? 0));
}

class Slots {
  readonly #held = new Map<number, Uint8Array>();
  open(piece: number): void {
    this.#held.set(piece, new Uint8Array(layout.sizeBytes(piece)));
  }
  write(piece: number, begin: number, bytes: Uint8Array): void {
    this.#held.get(piece)?.set(bytes, begin);
  }
  adopt(): void {
    throw new Error('there is no web seed');
  }
  fingerprints(piece: number): readonly string[] {
    const data = this.#held.get(piece)?.subarray(0, layout.filledBytes(piece)) ?? new Uint8Array(0);
    const hashes = Buffer.from(blockHashesOf(data));
    return Array.from({ length: hashes.length / 32 }, (_, at) => hashes.toString('latin1', at * 32, at * 32 + 32));
  }
  release(piece: number): void {
    this.#held.delete(piece);
  }
}

function newSwarm(have: 'all' | 'none'): Swarm {
  return new Swarm({
    layout,
    metainfo,
    have: new Uint8Array(Math.ceil(layout.pieceCount / 8)).fill(have === 'all' ? 0xff : 0),
    slots: new Slots(),
    peerId: '00'.repeat(20),
    self: { client: 'test' },
    downloadLimit: TokenBucket.unlimited(),
    uploadLimit: TokenBucket.unlimited(),
    webSeedCount: 0,
    random: () => 0.4,
  });
}

function connect(swarm: Swarm, id: number, host = `10.0.0.${id}`): number {
  const peer = swarm.peerConnected(
    {
      peerId: id.toString(16).padStart(40, '0'),
      capabilities: { extensions: false, fast: true, v2: true },
      direction: 'incoming',
      host,
    },
    0,
  );
  if (typeof peer === 'string') throw new Error(peer);
  return peer;
}

/** Carries out what the engine wants read, until it wants nothing more. @returns Everything that it wanted. */
function settle(swarm: Swarm, nowMs = 0): SwarmCommand[] {
  const all: SwarmCommand[] = [];
  for (let time = nowMs; time < nowMs + 60_000; time += 500) {
    swarm.tick(time);
    const commands = swarm.drain(time);
    all.push(...commands);
    for (const command of commands) {
      if (command.kind === 'read_leaves')
        swarm.leavesRead(command.piece, blockHashesOf(readPiece(command.piece)), time);
    }
  }
  return all;
}

function sent<K extends WireMessage['kind']>(
  commands: readonly SwarmCommand[],
  kind: K,
): (WireMessage & { kind: K })[] {
  const isKind = (message: WireMessage): message is WireMessage & { kind: K } => message.kind === kind;
  return commands.flatMap((command) => (command.kind === 'send' && isKind(command.message) ? [command.message] : []));
}

function request(fileIndex: number, span: Omit<HashSpan, 'piecesRoot'>): WireMessage {
  return { kind: 'hash_request', piecesRoot: metainfo.files[fileIndex]?.piecesRoot ?? new Uint8Array(32), ...span };
}

function rootOf(reply: HashSpan & { hashes: Uint8Array }): string {
  const baseBytes = reply.length * 32;
  const [base, proof] = [reply.hashes.subarray(0, baseBytes), reply.hashes.subarray(baseBytes)];
  return Buffer.from(rootFromProof(base, reply.baseLayer, reply, proof)).toString('hex');
}

const rootHex = (fileIndex: number): string => Buffer.from(metainfo.files[fileIndex]?.piecesRoot ?? []).toString('hex');

describe('HashExchange', () => {
  // File "b" has 22 blocks: 5 layers above its blocks, 3 above its pieces.
  it.each([
    ['the piece layer', 1, { baseLayer: 2, index: 0, length: 8, proofLayers: 2 }],
    ['a part of the piece layer with its uncles', 1, { baseLayer: 2, index: 4, length: 2, proofLayers: 2 }],
    ['a part past the end of the file', 1, { baseLayer: 2, index: 6, length: 2, proofLayers: 2 }],
    ['a layer above the pieces', 1, { baseLayer: 3, index: 0, length: 4, proofLayers: 1 }],
    ['the blocks of a piece', 1, { baseLayer: 0, index: 4, length: 4, proofLayers: 4 }],
    ['two blocks of a piece', 1, { baseLayer: 0, index: 6, length: 2, proofLayers: 4 }],
    ['the blocks of several pieces', 1, { baseLayer: 0, index: 8, length: 8, proofLayers: 4 }],
    ['blocks past the end of the file', 1, { baseLayer: 0, index: 16, length: 16, proofLayers: 4 }],
    ['the blocks of a file of one piece', 0, { baseLayer: 0, index: 0, length: 4, proofLayers: 1 }],
    ['two blocks of a file of one piece', 0, { baseLayer: 0, index: 2, length: 2, proofLayers: 1 }],
  ] as const)('serves %s, with proof', (_, fileIndex, span) => {
    const swarm = newSwarm('all');
    const peer = connect(swarm, 1);
    swarm.messageReceived(peer, request(fileIndex, span), 0);
    const [reply] = sent(settle(swarm), 'hashes');
    expect(reply).toMatchObject(span);
    expect(reply && rootOf(reply)).toBe(rootHex(fileIndex));
  });

  it('leaves proofs out that nobody asked for', () => {
    const swarm = newSwarm('all');
    swarm.messageReceived(connect(swarm, 1), request(1, { baseLayer: 0, index: 4, length: 4, proofLayers: 0 }), 0);
    const [reply] = sent(settle(swarm), 'hashes');
    expect(reply?.hashes).toEqual(new Uint8Array(blockHashesOf(readPiece(2))));
  });

  it('serves no blocks of a piece that is not here, or that is not as it was', () => {
    const leaves = request(1, { baseLayer: 0, index: 4, length: 4, proofLayers: 4 });
    const empty = newSwarm('none');
    empty.messageReceived(connect(empty, 1), leaves, 0);
    expect(sent(settle(empty), 'hash_reject')).toHaveLength(1);
    const damaged = newSwarm('all');
    damaged.messageReceived(connect(damaged, 1), leaves, 0);
    for (const command of damaged.drain(0))
      if (command.kind === 'read_leaves') damaged.leavesRead(command.piece, new Uint8Array(128), 0);
    expect(sent(damaged.drain(0), 'hash_reject')).toHaveLength(1);
  });

  it('answers whatever is asked for with hashes of the right count, or a reject', () => {
    const small = fc.nat(40);
    const span = fc.record({ baseLayer: fc.nat(8), index: small, length: small, proofLayers: fc.nat(8) });
    const any = fc.record({
      baseLayer: fc.nat(0xffffffff),
      index: fc.nat(0xffffffff),
      length: fc.nat(0xffffffff),
      proofLayers: fc.nat(0xffffffff),
    });
    fc.assert(
      fc.property(fc.nat(2), fc.oneof(span, any), (fileIndex, asked) => {
        const swarm = newSwarm('all');
        swarm.messageReceived(connect(swarm, 1), request(fileIndex, asked), 0);
        const commands = settle(swarm);
        const replies = sent(commands, 'hashes');
        expect(replies.length + sent(commands, 'hash_reject').length).toBe(1);
        for (const reply of replies) expect(reply.hashes.length).toBe(32 * hashReplyLength(reply));
      }),
      { numRuns: 200 },
    );
  });

  it('reads few pieces at a time, however many hashes are asked for, and ends with who floods', () => {
    const swarm = newSwarm('all');
    const peer = connect(swarm, 1);
    const leaves = request(1, { baseLayer: 0, index: 0, length: 16, proofLayers: 0 });
    for (let count = 0; count < 100; count += 1) swarm.messageReceived(peer, leaves, 0);
    const commands = swarm.drain(0);
    expect(commands.filter(({ kind }) => kind === 'read_leaves')).toHaveLength(LEAF_READS_MAX);
    expect(sent(commands, 'hash_reject')).toHaveLength(100 - HASH_REQUESTS_WAITING_PER_PEER_MAX);
    for (let count = 0; count < HASH_REQUESTS_BURST_MAX; count += 1) swarm.messageReceived(peer, leaves, 0);
    expect(swarm.drain(0).every((command) => command.kind === 'send' && command.message.kind === 'hash_reject')).toBe(
      true,
    );
    for (let count = 0; count < VAIN_MESSAGES_BURST_MAX; count += 1) swarm.messageReceived(peer, leaves, 0);
    expect(swarm.drain(0).find(({ kind }) => kind === 'disconnect')).toMatchObject({ reason: 'protocol_error' });
  });

  /** Two peers send a piece between them, the second one bad block. */
  function failedPiece(swarm: Swarm): { honest: number; liar: number; piece: number } {
    const piece = 1;
    const data = readPiece(piece);
    const meet = (id: number): number => {
      const peer = connect(swarm, id);
      swarm.messageReceived(peer, { kind: 'have', piece }, 0);
      swarm.messageReceived(peer, { kind: 'unchoke' }, 0);
      swarm.drain(0);
      return peer;
    };
    const honest = meet(1);
    for (const begin of [0, BLOCK])
      swarm.messageReceived(honest, { kind: 'block', piece, begin, bytes: data.slice(begin, begin + BLOCK) }, 0);
    swarm.messageReceived(honest, { kind: 'choke' }, 0);
    for (const begin of [2 * BLOCK, 3 * BLOCK])
      swarm.messageReceived(honest, { kind: 'reject', piece, begin, lengthBytes: BLOCK }, 0);
    const liar = meet(2);
    for (const begin of [2 * BLOCK, 3 * BLOCK]) {
      const bytes = data.slice(begin, begin + BLOCK);
      if (begin === 3 * BLOCK) bytes[0] = (bytes[0] ?? 0) ^ 1;
      swarm.messageReceived(liar, { kind: 'block', piece, begin, bytes }, 0);
    }
    return { honest, liar, piece };
  }

  it('names the sender of a bad block by its hash, and asks nobody to send the piece twice for that', () => {
    const swarm = newSwarm('none');
    const { honest, liar, piece } = failedPiece(swarm);
    expect(swarm.drain(0)).toContainEqual({ kind: 'verify', piece });
    swarm.pieceVerified(piece, 'bad', 0);
    const [asked] = sent(swarm.drain(0), 'hash_request');
    expect(asked).toMatchObject({ baseLayer: 0, index: 0, length: 4, proofLayers: 0 });
    if (!asked) return;
    swarm.messageReceived(honest, { ...asked, kind: 'hashes', hashes: blockHashesOf(readPiece(piece)) }, 0);
    expect(swarm.drain(0).filter(({ kind }) => kind === 'disconnect')).toMatchObject([
      { peer: liar, reason: 'sent_bad_pieces' },
    ]);
  });

  it('believes no hashes that do not lead to the piece', () => {
    const swarm = newSwarm('none');
    const { honest, piece } = failedPiece(swarm);
    swarm.pieceVerified(piece, 'bad', 0);
    const [asked] = sent(swarm.drain(0), 'hash_request');
    if (!asked) throw new Error('nothing was asked');
    swarm.messageReceived(honest, { ...asked, kind: 'hashes', hashes: new Uint8Array(128) }, 0);
    const commands = swarm.drain(0);
    expect(commands.filter(({ kind }) => kind === 'disconnect')).toEqual([]);
    expect(sent(commands, 'hash_request')).toHaveLength(1);
  });
});
