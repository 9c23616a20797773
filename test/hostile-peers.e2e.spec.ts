import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { encodeExtensionHandshake, encodeMetadataMessage, type WireMessage } from '@swarmpatch/peer-wire';
import { type Build, generateBuild, summarizeBuild, writeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostilePeers, type Misdeed } from './support/hostile-peer.ts';
import { bytesOf, treeOf } from './support/installed-tree.ts';
import { freePort, untilListening } from './support/local-port.ts';
import { watchResidentMemory } from './support/resident-memory.ts';
import type { RunningProgram } from './support/running-program.ts';
import { finish, Scene } from './support/scene.ts';
import { drawSeed } from './support/seed.ts';

const NAME = 'starfall-1.0.0';
const TIMEOUT_MS = 40_000;
const MIB = 1024 * 1024;
/** What a launcher may take, whatever its peers do. */
const RESIDENT_BYTES_MAX = 256 * MIB;

const EXTENDED_HANDSHAKE_ID = 0;
const THEIR_METADATA_ID = 7;

const block = (piece: number, begin: number): WireMessage => ({
  kind: 'block',
  piece,
  begin,
  bytes: randomBytes(16_384),
});
const hashRequest = {
  kind: 'hash_request',
  piecesRoot: randomBytes(32),
  baseLayer: 0,
  index: 0,
  length: 512,
  proofLayers: 8,
} as const;

/** Claims metadata of this length, and answers whatever is asked with bytes that are none. */
const lieAboutMetadata =
  (metadataSizeBytes: number): Misdeed =>
  async (line) => {
    const messages = new Map([['ut_metadata', THEIR_METADATA_ID]]);
    const payload = encodeExtensionHandshake({ messages, metadataSizeBytes });
    const bytes = randomBytes(16_384);
    await line.listen().greet({ kind: 'extended', extensionId: EXTENDED_HANDSHAKE_ID, payload });
    for (let piece = 0; piece < 2000 && !line.isOver; piece += 1) {
      const data = encodeMetadataMessage({ type: 'data', piece, totalBytes: metadataSizeBytes, bytes });
      await line.send({ kind: 'extended', extensionId: 1, payload: data });
    }
  };

/** For which the launcher hangs up. */
const expelled: Readonly<Record<string, Misdeed>> = {
  'a 4 GiB length prefix': async (line) => {
    await line.greet();
    await line.sendBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 7));
  },
  'a huge bitfield': async (line) => {
    await line.greet({ kind: 'bitfield', bits: new Uint8Array(400_000).fill(0xff) });
  },
  'blocks that nobody asked for': async (line) => {
    await line.listen().greet({ kind: 'have_all' }, { kind: 'unchoke' });
    await line.flood(block(0, 0), block(1, 0));
  },
  'requests without end, and nothing read': async (line) => {
    await line.greet({ kind: 'have_none' }, { kind: 'interested' });
    await line.flood({ kind: 'request', piece: 0, begin: 0, lengthBytes: 16_384 });
  },
  'requests for 4 GiB': async (line) => {
    await line.greet({ kind: 'have_none' }, { kind: 'interested' });
    await line.send({ kind: 'request', piece: 0, begin: 0, lengthBytes: 0xffff_ffff });
  },
  'hash requests without end, and nothing read': async (line) => {
    await line.greet({ kind: 'have_none' });
    await line.flood(hashRequest);
  },
  'pieces that the torrent does not have': async (line) => {
    await line.greet({ kind: 'have_none' });
    await line.send({ kind: 'have', piece: 0xffff_ffff });
  },
  'chokes and unchokes without end': async (line) => {
    await line.listen().greet({ kind: 'have_none' });
    await line.flood({ kind: 'unchoke' }, { kind: 'choke' });
  },
  'the same news without end': async (line) => {
    await line.listen().greet({ kind: 'have_none' });
    await line.flood({ kind: 'have', piece: 0 });
  },
  'messages that nobody knows': async (line) => {
    await line.listen().greet({ kind: 'have_none' });
    await line.flood({ kind: 'unknown', id: 99 });
  },
  'encrypted garbage': async (line) => {
    await line.sendBytes(randomBytes(MIB));
  },
};

/** Which the launcher may put up with, as long as it goes on with its work. */
const endured: Readonly<Record<string, Misdeed>> = {
  'keep-alives without end': async (line) => {
    await line.listen().greet({ kind: 'have_all' });
    await line.flood({ kind: 'keep_alive' });
  },
  'a slow drip': async (line) => {
    await line.listen().drip(Buffer.concat([line.greeting(), randomBytes(4096)]), 20);
  },
  'a promise of blocks, and silence': async (line) => {
    await line.listen().greet({ kind: 'have_all' }, { kind: 'unchoke' });
  },
};

describe('launchers among hostile peers', { timeout: TIMEOUT_MS }, () => {
  let scene: Scene;
  let build: Build;
  let library: string;
  let torrent: string;
  let infohashV1: string;
  let hostile: HostilePeers;
  let seed: { program: RunningProgram; listen: string };

  beforeAll(async () => {
    build = generateBuild(drawSeed('hostile peers'));
    scene = await Scene.open();
    library = scene.path('library');
    torrent = scene.path('starfall.torrent');
    await writeBuild(build, join(library, NAME));
    const made = await scene.succeed('swarmpatch', 'torrent', 'create', join(library, NAME), '--out', torrent);
    infohashV1 = String(made['infohashV1']);
    hostile = new HostilePeers(Buffer.from(infohashV1, 'hex'));
    seed = await startSeed();
  }, TIMEOUT_MS);
  afterAll(async () => {
    hostile.close();
    await scene.close();
  });

  /** A launcher that has everything and shares it. */
  async function startSeed(): Promise<{ program: RunningProgram; listen: string }> {
    const port = await freePort();
    const listen = `127.0.0.1:${port}`;
    const argv = ['download', torrent, '--dir', library, '--listen', listen, '--no-dht', '--no-lan'];
    const program = scene.startCommand('swarmpatch-launcher', ...argv, '--seed-for', '60');
    await untilListening(port, program);
    return { program, listen };
  }

  /** Slow enough for hostile peers to have their time. */
  function startDownload(source: string, target: string, peers: readonly string[]): RunningProgram {
    const rate = String(Math.ceil(bytesOf(build) / 2));
    const argv = ['download', source, '--dir', target, '--listen', '127.0.0.1:0', '--no-dht', '--no-lan'];
    const named = peers.flatMap((peer) => ['--peer', peer]);
    return scene.startCommand('swarmpatch-launcher', ...argv, ...named, '--max-download', rate, '--timeout', '30');
  }

  it('a download finishes from the one honest peer, in bounded memory', async () => {
    const target = scene.path('downloaded');
    const misdeeds = Object.entries({ ...expelled, ...endured });
    const liars = await Promise.all(misdeeds.map(([name, misdeed]) => hostile.wait(name, misdeed)));
    const program = startDownload(torrent, target, [...liars, seed.listen]);
    const memory = watchResidentMemory(program);
    const { exitCode, document, complaints } = await finish(program);
    expect(exitCode, complaints).toBe(0);
    const times = expect.any(Number) as number;
    expect(document).toMatchObject({
      done: true,
      protocolErrors: {
        message_too_long: times,
        bad_block: times,
        bad_piece_index: times,
        too_many_messages: times,
      },
    });
    expect(await treeOf(join(target, NAME))).toEqual(summarizeBuild(build));
    expect(await memory).toBeLessThan(RESIDENT_BYTES_MAX);
    for (const [name] of misdeeds) expect(hostile.fates[name]?.met, name).toBeGreaterThan(0);
  });

  it('a magnet link finds its metadata among liars', async () => {
    const target = scene.path('from-magnet');
    const liars = await Promise.all([
      hostile.wait('metadata of 2^40 bytes', lieAboutMetadata(2 ** 40)),
      hostile.wait('metadata of 64 MiB that is none', lieAboutMetadata(64 * MIB)),
      hostile.wait('metadata that is another', lieAboutMetadata(20_000)),
      hostile.wait('a drip instead of metadata', (line) => line.listen().drip(line.greeting(), 100)),
    ]);
    const program = startDownload(`magnet:?xt=urn:btih:${infohashV1}`, target, [...liars, seed.listen]);
    const memory = watchResidentMemory(program);
    const { exitCode, complaints } = await finish(program);
    expect(exitCode, complaints).toBe(0);
    expect(await treeOf(join(target, NAME))).toEqual(summarizeBuild(build));
    expect(await memory).toBeLessThan(RESIDENT_BYTES_MAX);
  });

  it('one that shares goes on sharing, in bounded memory, and hangs up on who breaks the protocol', async () => {
    const attacked = await startSeed();
    const memory = watchResidentMemory(attacked.program);
    const attackers = new HostilePeers(Buffer.from(infohashV1, 'hex'));
    for (const [name, misdeed] of Object.entries({ ...expelled, ...endured }))
      attackers.go(name, attacked.listen, misdeed);
    const target = scene.path('from-attacked');
    const { exitCode, complaints } = await finish(startDownload(torrent, target, [attacked.listen]));
    expect(exitCode, complaints).toBe(0);
    expect(await treeOf(join(target, NAME))).toEqual(summarizeBuild(build));
    await attackers.expelled(...Object.keys(expelled));
    attackers.close();
    attacked.program.kill('SIGINT');
    expect(await memory).toBeLessThan(RESIDENT_BYTES_MAX);
  });
});
