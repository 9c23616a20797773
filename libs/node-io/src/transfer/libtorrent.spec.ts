import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { encodeTorrent, formatMagnet, type Metainfo, pathInDownload, pieceLayersOf } from '@swarmpatch/metainfo';
import { Bitfield, type PeerAddress } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';

import { createTorrentFrom } from '../hashing/index.ts';
import {
  fetchMagnet,
  FilePieceStore,
  startTransfer,
  type TorrentOptions,
  type Transfer,
  type TransferOptions,
  TransferSession,
} from './index.ts';

/** Takes a torrent file or a magnet link, a directory and perhaps a peer; says where it listens, and when it has everything. It has a DHT node that knows nobody. */
const PEER = `
import json, sys, time
import libtorrent as lt
session = lt.session({
    "listen_interfaces": "127.0.0.1:0", "enable_dht": True, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "enable_outgoing_utp": False, "enable_incoming_utp": False,
    "allow_multiple_connections_per_ip": True, "dht_bootstrap_nodes": "", "dht_restrict_routing_ips": False,
})
source, directory, *peers = sys.argv[1:]
if source.startswith("magnet:"):
    parameters = lt.parse_magnet_uri(source)
else:
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(source)
parameters.save_path = directory
parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
torrent = session.add_torrent(parameters)
while session.listen_port() == 0 or torrent.status().state == lt.torrent_status.checking_files:
    time.sleep(0.01)
print(json.dumps({"port": session.listen_port()}), flush=True)
for peer in peers:
    host, port = peer.rsplit(":", 1)
    torrent.connect_peer((host, int(port)))
while not torrent.status().is_seeding:
    time.sleep(0.02)
print(json.dumps({"done": True}), flush=True)
while True:
    time.sleep(1)
`;
const PYTHONS = ['/usr/bin/python3', 'python3'];
const LOOPBACK = { host: '127.0.0.1', port: 0 };
const TIMEOUT_MS = 40_000;

/** @returns A Python that has it. Without one the test is skipped, and fails where CI is set. */
function requireLibtorrent(test: TestContext): string {
  const found = PYTHONS.find((python) => spawnSync(python, ['-c', 'import libtorrent']).status === 0);
  if (found !== undefined) return found;
  const reason = "libtorrent for Python is not on this machine (Debian's package python3-libtorrent)";
  if (process.env['CI'] !== undefined) throw new Error(reason);
  return test.skip(reason);
}

describe('libtorrent', { timeout: TIMEOUT_MS }, () => {
  let dir: string;
  const running: Transfer[] = [];
  const programs: ChildProcess[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'libtorrent-'));
    await mkdir(join(dir, 'seed', 'build'), { recursive: true });
    for (const [name, content] of contents()) await writeFile(join(dir, 'seed', 'build', name), content);
  });

  afterEach(async () => {
    for (const transfer of running.splice(0)) await transfer.stop();
    for (const program of programs.splice(0)) program.kill('SIGKILL');
    await rm(dir, { recursive: true });
  });

  async function create(format: 'v1' | 'v2' | 'hybrid'): Promise<{ metainfo: Metainfo; file: string }> {
    const options = { name: 'build', format, pieceLengthBytes: 16_384 } as const;
    const { metainfo } = await createTorrentFrom(join(dir, 'seed', 'build'), options);
    const file = join(dir, `${format}.torrent`);
    await writeFile(file, encodeTorrent({ infoBytes: metainfo.infoBytes, pieceLayers: pieceLayersOf(metainfo) }));
    return { metainfo, file };
  }

  async function startLibtorrent(
    test: TestContext,
    source: string,
    place: string,
    ...peers: readonly PeerAddress[]
  ): Promise<{ address: PeerAddress; done: Promise<unknown> }> {
    await mkdir(join(dir, place), { recursive: true });
    const argv = ['-c', PEER, source, join(dir, place), ...peers.map(({ host, port }) => `${host}:${port}`)];
    const program = spawn(requireLibtorrent(test), argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    programs.push(program);
    const lines = createInterface(program.stdout)[Symbol.asyncIterator]();
    const first = JSON.parse(String((await lines.next()).value)) as { port: number };
    return { address: { host: '127.0.0.1', port: first.port }, done: lines.next() };
  }

  function torrentIn(place: string, metainfo: Metainfo): TorrentOptions {
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) => {
      const file = metainfo.files[fileIndex];
      if (!file) throw new RangeError(`no file ${fileIndex}`);
      return join(dir, place, pathInDownload(metainfo, file));
    });
    const have = place === 'seed' ? Bitfield.full(metainfo.pieceCount).bits : new Uint8Array(0);
    return { metainfo, store, have, trackers: [], webSeeds: [], timeoutMs: TIMEOUT_MS - 10_000 };
  }

  async function start(metainfo: Metainfo, place: string, options: Partial<TransferOptions> = {}): Promise<Transfer> {
    const transfer = await startTransfer({ ...torrentIn(place, metainfo), listen: LOOPBACK, ...options });
    running.push(transfer);
    return transfer;
  }

  async function expectWhole(place: string): Promise<void> {
    for (const [name, content] of contents()) {
      expect(content.equals(await readFile(join(dir, place, 'build', name))), name).toBe(true);
    }
  }

  function magnetOf({ infohashV1, infohashV2 }: Metainfo): Pick<Metainfo, 'infohashV1' | 'infohashV2'> {
    return { ...(infohashV1 && { infohashV1 }), ...(infohashV2 && { infohashV2 }) };
  }

  it.for(['v1', 'v2', 'hybrid'] as const)('gives a %s torrent to a magnet link', async (format, test) => {
    const { metainfo, file } = await create(format);
    const peer = await startLibtorrent(test, file, 'seed');
    const found = await fetchMagnet({
      identity: magnetOf(metainfo),
      peers: [peer.address],
      trackers: [],
      timeoutMs: 15_000,
    });
    expect(Buffer.from(found.metainfo.infoBytes).equals(metainfo.infoBytes)).toBe(true);
    // Libtorrent speaks v2 with nobody who uses the v1 name; a hybrid's v1 hashes do.
    if (format !== 'hybrid') expect(hashesOf(found.metainfo)).toEqual(hashesOf(metainfo));
    const transfer = await start(found.metainfo, 'copy', { peers: found.peers });
    await transfer.done;
    await expectWhole('copy');
  });

  it.for(['v1', 'v2', 'hybrid'] as const)('fetches a %s torrent with a magnet link from us', async (format, test) => {
    const { metainfo } = await create(format);
    const seed = await start(metainfo, 'seed');
    if (!seed.address) throw new Error('the seed does not listen');
    const peer = await startLibtorrent(test, formatMagnet(magnetOf(metainfo)), 'theirs', seed.address);
    await peer.done;
    await expectWhole('theirs');
  });

  it.for(['dials us', 'is dialled'] as const)(
    'and our DHT node meet through a port message when it %s',
    async (way, test) => {
      const { metainfo, file } = await create('hybrid');
      const session = await TransferSession.open({
        listen: LOOPBACK,
        discovery: { dht: { bootstrapNodes: [] } },
        // Who has everything hangs up: it does not get there.
        limits: { uploadBytesPerSecond: 1 },
      });
      try {
        const transfer = session.add(torrentIn('seed', metainfo));
        const ours = way === 'dials us' && transfer.address ? [transfer.address] : [];
        const peer = await startLibtorrent(test, file, 'theirs', ...ours);
        if (way === 'is dialled') transfer.addPeers([peer.address]);
        await expect.poll(() => session.dhtState, { timeout: TIMEOUT_MS - 10_000 }).toBeDefined();
      } finally {
        await session.close();
      }
    },
  );
});

function hashesOf({ pieceHashes: { v1, layers } }: Metainfo): (string | undefined)[] {
  return [v1, ...layers].map((hashes) => hashes && Buffer.from(hashes).toString('hex').slice(0, 200));
}

/** Files of one block, of several pieces, and of more pieces than one hash request asks for. */
function contents(): [name: string, content: Buffer][] {
  return [700, 100_000, 515 * 16_384 + 5].map((length, index) => [
    `${index}.bin`,
    Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + index) & 255)),
  ]);
}
