import { hash } from 'node:crypto';

import { createInfo, type Metainfo, parseInfo } from '@swarmpatch/metainfo';
import { MerkleHasher, proofOf } from '@swarmpatch/merkle';
import {
  encodeExtensionHandshake,
  encodeMetadataMessage,
  encodePexMessage,
  METADATA_PIECE_BYTES,
  parseExtensionHandshake,
  parseMetadataMessage,
  type WireMessage,
} from '@swarmpatch/peer-wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { SwarmCommand } from '../command.ts';
import { METADATA_BYTES_MAX } from './metadata-fetch.ts';
import type { MetadataIdentity } from './metadata-identity.ts';
import { MagnetSearch } from './magnet-search.ts';

const PIECE = 16_384;
const content = Uint8Array.from({ length: 600 * PIECE + 9 }, (_, at) => (at * 31 + (at >> 8) * 7) & 255);
const { piecesRoot, pieceLayer } = new MerkleHasher({ pieceLengthBytes: PIECE }).update(content).digest();

function sample(format: 'v1' | 'v2'): Metainfo {
  const files =
    format === 'v2'
      ? [{ path: 'a', lengthBytes: content.length, piecesRoot, pieceLayer }]
      : Array.from({ length: 900 }, (_, index) => ({ path: `${index} ${'long-name-'.repeat(6)}`, lengthBytes: 1 }));
  const made = createInfo(files, {
    name: 'sample',
    format,
    pieceLengthBytes: PIECE,
    isSingleFile: format === 'v2',
    ...(format === 'v1' && { v1Pieces: new Uint8Array(20) }),
  });
  return parseInfo(made.infoBytes, made.pieceLayers ? { pieceLayers: made.pieceLayers } : {});
}

const v1 = sample('v1');
const v2 = sample('v2');
const pieceCount = Math.ceil(v1.infoBytes.length / METADATA_PIECE_BYTES);

type Conduct = 'honest' | 'silent' | 'refuses' | 'lies' | 'claims_more' | 'wrong_hashes' | 'no_hashes';

/** A peer of the torrent, as it answers each message. */
class Answerer {
  readonly conduct: Conduct;
  readonly #metainfo: Metainfo;
  requests = 0;

  constructor(metainfo: Metainfo, conduct: Conduct) {
    this.#metainfo = metainfo;
    this.conduct = conduct;
  }

  get greeting(): WireMessage {
    const { length } = this.#metainfo.infoBytes;
    const metadataSizeBytes = this.conduct === 'claims_more' ? METADATA_BYTES_MAX + 1 : length;
    const payload = encodeExtensionHandshake({ messages: new Map([['ut_metadata', 9]]), metadataSizeBytes });
    return { kind: 'extended', extensionId: 0, payload };
  }

  answer(message: WireMessage): WireMessage | undefined {
    if (this.conduct === 'silent') return undefined;
    if (message.kind === 'extended' && message.extensionId === 9) return this.#metadata(message.payload);
    if (message.kind !== 'hash_request') return undefined;
    const { baseLayer, index, length } = message;
    if (this.conduct === 'no_hashes') return { ...message, kind: 'hash_reject' };
    const padded = new Uint8Array(length * 32);
    padded.set(pieceLayer.subarray(index * 32, (index + length) * 32));
    const hashes = Buffer.concat([padded, proofOf(pieceLayer, baseLayer, { index, length })]);
    if (this.conduct === 'wrong_hashes') hashes[0] = (hashes[0] ?? 0) ^ 1;
    return { ...message, kind: 'hashes', hashes };
  }

  #metadata(payload: Uint8Array): WireMessage | undefined {
    const request = parseMetadataMessage(payload);
    if (request?.type !== 'request') return undefined;
    this.requests += 1;
    const { piece } = request;
    const { infoBytes } = this.#metainfo;
    const bytes = new Uint8Array(infoBytes.subarray(piece * METADATA_PIECE_BYTES, (piece + 1) * METADATA_PIECE_BYTES));
    if (this.conduct === 'lies') bytes[0] = (bytes[0] ?? 0) ^ 1;
    const answer =
      this.conduct === 'refuses'
        ? ({ type: 'reject', piece } as const)
        : ({ type: 'data', piece, totalBytes: infoBytes.length, bytes } as const);
    return { kind: 'extended', extensionId: 1, payload: encodeMetadataMessage(answer) };
  }
}

function newSearch(identity: MetadataIdentity, known?: Metainfo): MagnetSearch {
  return new MagnetSearch({ identity, known, peerId: '00'.repeat(20), self: { client: 'test' } });
}

/** Runs a search with such peers until it ends. Each is behind its own address. */
function run(
  metainfo: Metainfo,
  conducts: readonly Conduct[],
  identity: MetadataIdentity = metainfo,
  known?: Metainfo,
) {
  const search = newSearch(identity, known);
  const peers = new Map<string, Answerer>();
  const connected = new Map<number, { peer: Answerer; address: string }>();
  const disconnects: (SwarmCommand & { conduct: Conduct | undefined })[] = [];
  const addresses = conducts.map((conduct, index) => {
    const address = { host: '127.0.0.1', port: index + 1 };
    peers.set(`${address.port}`, new Answerer(metainfo, conduct));
    return address;
  });
  search.peersFound(addresses, 'named', 0);
  let nowMs = 0;
  for (; nowMs < 120_000 && !search.outcome; nowMs += 100) {
    search.tick(nowMs);
    for (let commands = search.drain(); commands.length > 0; commands = search.drain()) {
      for (const command of commands) {
        if (command.kind === 'dial') {
          const peer = peers.get(`${command.address.port}`);
          const number = search.peerConnected(
            {
              peerId: command.address.port.toString(16).padStart(40, '0'),
              capabilities: { extensions: true, fast: true, v2: metainfo.format !== 'v1' },
              direction: 'outgoing',
              host: command.address.host,
              address: command.address,
            },
            nowMs,
          );
          if (typeof number !== 'number' || !peer) continue;
          connected.set(number, { peer, address: `${command.address.port}` });
          search.messageReceived(number, peer.greeting, nowMs);
        } else if (command.kind === 'send') {
          const answer = connected.get(command.peer)?.peer.answer(command.message);
          if (answer) search.messageReceived(command.peer, answer, nowMs);
        } else if (command.kind === 'disconnect') {
          disconnects.push({ ...command, conduct: connected.get(command.peer)?.peer.conduct });
        }
      }
    }
  }
  const { outcome } = search;
  const found = outcome && 'metainfo' in outcome ? outcome.metainfo : undefined;
  return { search, found, disconnects, peers: [...peers.values()], nowMs };
}

function expectSame(found: Uint8Array | undefined, wanted: Uint8Array): void {
  expect(found && Buffer.compare(found, wanted)).toBe(0);
}

describe('MagnetSearch', () => {
  it('fetches metadata from several peers at a time', () => {
    const { found, peers } = run(v1, ['honest', 'honest', 'honest']);
    expectSame(found?.infoBytes, v1.infoBytes);
    expect(pieceCount).toBeGreaterThan(3);
    expect(peers.map(({ requests }) => requests).reduce((sum, each) => sum + each, 0)).toBe(pieceCount);
  });

  it.each<Conduct>(['silent', 'refuses', 'lies', 'claims_more'])('goes on without a peer that %s', (conduct) => {
    const { found, search } = run(v1, [conduct, conduct, 'honest']);
    expectSame(found?.infoBytes, v1.infoBytes);
    expect(search.found).toContainEqual({ host: '127.0.0.1', port: 3, origin: 'named' });
  });

  it('asks nobody who claims more metadata than is taken', () => {
    const { peers } = run(v1, ['claims_more', 'honest']);
    expect(peers.map(({ requests }) => requests)).toEqual([0, pieceCount]);
  });

  it('bans who sent metadata that is wrong, and nobody else', () => {
    const { found, disconnects } = run(v1, ['lies', 'honest', 'honest', 'lies']);
    expectSame(found?.infoBytes, v1.infoBytes);
    const banned = disconnects.filter((each) => each.kind === 'disconnect' && each.reason === 'sent_bad_pieces');
    expect(new Set(banned.map(({ conduct }) => conduct))).toEqual(new Set(['lies']));
  });

  it('finds the torrent by its v1 infohash, its v2 infohash or both', () => {
    expect(run(v2, ['honest'], { infohashV2: v2.infohashV2 }).found?.name).toBe('sample');
    expect(run(v1, ['honest'], { infohashV1: v1.infohashV1 }).found?.name).toBe('sample');
    const both = { infohashV1: v1.infohashV1, infohashV2: hash('sha256', v1.infoBytes, 'buffer') };
    expect(run(v1, ['honest'], both).found?.name).toBe('sample');
    expect(run(v1, ['honest'], { ...both, infohashV2: new Uint8Array(32) }).found).toBeUndefined();
  });

  it('fetches the piece layers of a v2 torrent, of more pieces than one request asks for', () => {
    const { found } = run(v2, ['honest', 'honest']);
    expect(found?.pieceHashes.layers[0]?.length).toBe(601 * 32);
    expectSame(found?.pieceHashes.layers[0], pieceLayer);
  });

  it.each<Conduct>(['wrong_hashes', 'no_hashes', 'silent'])(
    'takes piece layers from others when a peer has %s',
    (conduct) => {
      const { found, disconnects } = run(v2, [conduct, 'honest']);
      expectSame(found?.pieceHashes.layers[0], pieceLayer);
      const banned = disconnects.filter((each) => each.kind === 'disconnect' && each.reason === 'sent_bad_pieces');
      expect(banned.map((each) => each.conduct)).toEqual(conduct === 'wrong_hashes' ? [conduct] : []);
    },
  );

  it('fetches the piece layers that a torrent file lacks, and no metadata', () => {
    const { found, peers } = run(v2, ['wrong_hashes', 'honest'], v2, parseInfo(v2.infoBytes));
    expectSame(found?.pieceHashes.layers[0], pieceLayer);
    expect(peers.map(({ requests }) => requests)).toEqual([0, 0]);
  });

  it('meets for a torrent that it knows to be private nobody but whom trackers and the user named (BEP 27)', () => {
    const search = newSearch(v2, { ...parseInfo(v2.infoBytes), private: true });
    for (const origin of ['dht', 'lan', 'pex'] as const) search.peersFound([{ host: '10.0.0.8', port: 1 }], origin, 0);
    search.peersFound([{ host: '10.0.0.7', port: 1 }], 'found', 0);
    search.tick(0);
    expect(search.drain()).toEqual([{ kind: 'dial', address: { host: '10.0.0.7', port: 1 } }]);
    const capabilities = { extensions: true, fast: false, v2: true };
    search.peerConnected({ peerId: '01'.repeat(20), capabilities, direction: 'incoming', host: '10.0.0.7' }, 0);
    const [greeting] = search.drain().flatMap((command) => (command.kind === 'send' ? [command.message] : []));
    expect(greeting?.kind === 'extended' && parseExtensionHandshake(greeting.payload).messages.size).toBe(0);
  });

  it('asks whom a peer tells of', () => {
    const search = newSearch(v1);
    search.peersFound([{ host: '127.0.0.1', port: 1 }], 'named', 0);
    search.tick(0);
    search.drain();
    const newPeer = {
      peerId: '01'.repeat(20),
      capabilities: { extensions: true, fast: false, v2: false },
      direction: 'outgoing',
      host: '127.0.0.1',
      address: { host: '127.0.0.1', port: 1 },
    } as const;
    const number = search.peerConnected(newPeer, 0);
    if (typeof number !== 'number') throw new Error(number);
    const hello = encodeExtensionHandshake({ messages: new Map([['ut_pex', 5]]) });
    const told = encodePexMessage({
      added: [{ address: Uint8Array.of(127, 0, 0, 1), port: 2, flags: 0 }],
      dropped: [],
    });
    search.messageReceived(number, { kind: 'extended', extensionId: 0, payload: hello }, 0);
    search.messageReceived(number, { kind: 'extended', extensionId: 2, payload: told }, 0);
    search.tick(0);
    expect(search.drain()).toContainEqual({ kind: 'dial', address: { host: '127.0.0.1', port: 2 } });
  });

  it('answers anything that a peer may say with messages or a disconnect', () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .record({ piece: fc.nat(10), totalBytes: fc.integer({ min: 1 }), bytes: fc.uint8Array({ maxLength: 40 }) })
        .map((message) => encodeMetadataMessage({ type: 'data', ...message })),
      fc
        .nat()
        .map((metadataSizeBytes) =>
          encodeExtensionHandshake({ messages: new Map([['ut_metadata', 3]]), metadataSizeBytes }),
        ),
    );
    const message: fc.Arbitrary<WireMessage> = fc.oneof(
      fc
        .tuple(fc.nat(3), payload)
        .map(([extensionId, bytes]) => ({ kind: 'extended' as const, extensionId, payload: bytes })),
      fc
        .tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9), fc.uint8Array({ maxLength: 96 }))
        .map(([baseLayer, index, length, proofLayers, hashes]) => ({
          kind: 'hashes' as const,
          piecesRoot,
          ...{ baseLayer, index, length, proofLayers, hashes },
        })),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 30 }), (messages) => {
        const search = newSearch(v2);
        const capabilities = { extensions: true, fast: true, v2: true };
        const number = search.peerConnected(
          { peerId: '01'.repeat(20), capabilities, direction: 'incoming', host: '127.0.0.1' },
          0,
        );
        if (typeof number !== 'number') throw new Error(number);
        for (const [index, each] of messages.entries()) {
          search.messageReceived(number, each, index * 1000);
          search.tick(index * 1000);
          search.drain();
        }
        expect(search.outcome).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
