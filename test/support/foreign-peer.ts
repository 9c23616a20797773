import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { freePort, untilListening } from './local-port.ts';
import type { RunningProgram } from './running-program.ts';
import type { JsonDocument, Scene } from './scene.ts';

/** A BitTorrent client that is not ours, and how to see whether it is there. */
interface ForeignPeer {
  name: string;
  package: string;
  /** Command lines, the first that runs is taken. */
  probes: readonly (readonly [program: string, ...argv: string[]])[];
}

const LIBTORRENT: ForeignPeer = {
  name: 'libtorrent for Python',
  package: 'python3-libtorrent',
  // The system's Python first: another one on the path does not see the system's packages.
  probes: ['/usr/bin/python3', 'python3'].map((python) => [python, '-c', 'import libtorrent']),
};
const ARIA2: ForeignPeer = { name: 'aria2c', package: 'aria2', probes: [['aria2c', '--version']] };
const TRANSMISSION: ForeignPeer = {
  name: 'transmission-cli',
  package: 'transmission-cli',
  probes: [['transmission-cli', '--version']],
};

const LIBTORRENT_PEER = fileURLToPath(new URL('libtorrent-peer.py', import.meta.url));
const LIBTORRENT_SEEKER = fileURLToPath(new URL('libtorrent-seeker.py', import.meta.url));

/** @returns The program. Without it the test is skipped, and fails where CI is set. */
function requirePeer(test: TestContext, { name, package: debianPackage, probes }: ForeignPeer): string {
  const found = probes.find(([program, ...argv]) => spawnSync(program, argv).status === 0);
  if (found) return found[0];
  const reason = `${name} is not on this machine (Debian's package ${debianPackage})`;
  if (process.env['CI'] !== undefined) throw new Error(reason);
  return test.skip(reason);
}

/** A libtorrent peer that listens. */
export async function startLibtorrent(
  test: TestContext,
  scene: Scene,
  ...argv: [role: 'download' | 'seed', torrent: string, directory: string, ...options: string[]]
): Promise<{ program: RunningProgram; listen: string; done: () => Promise<JsonDocument> }> {
  const program = scene.start(requirePeer(test, LIBTORRENT), [LIBTORRENT_PEER, ...argv]);
  const line = (index: number): Promise<JsonDocument> =>
    program.until(({ output }) => {
      const lines = output.split('\n');
      return index < lines.length - 1 ? (JSON.parse(lines[index] ?? '') as JsonDocument) : undefined;
    });
  const { listen } = await line(0);
  return { program, listen: String(listen), done: () => line(1) };
}

/** A libtorrent that looks for the peers of an infohash, and connects to them. @returns Where it listens. */
export async function startLibtorrentSeeker(
  test: TestContext,
  scene: Scene,
  infohash: string,
  ...options: string[]
): Promise<string> {
  const program = scene.start(requirePeer(test, LIBTORRENT), [LIBTORRENT_SEEKER, infohash, ...options]);
  const [line] = await program.until(({ output }) => (output.includes('\n') ? output.split('\n') : undefined));
  return String((JSON.parse(line ?? '') as JsonDocument)['listen']);
}

/** An aria2 that ends when it has everything. */
export async function startAria2(
  test: TestContext,
  scene: Scene,
  torrent: string,
  directory: string,
): Promise<RunningProgram> {
  const port = await freePort();
  const plain = ['--no-conf', '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false', '--disable-ipv6'];
  const own = [`--listen-port=${port}`, '--seed-time=0', '--file-allocation=none', '--console-log-level=warn'];
  return scene.start(requirePeer(test, ARIA2), [...plain, ...own, '-d', directory, torrent]);
}

/** A transmission that seeds what it finds in the directory, and downloads the rest. @returns Where it listens. */
export async function startTransmission(
  test: TestContext,
  scene: Scene,
  torrent: string,
  directory: string,
): Promise<string> {
  const program = requirePeer(test, TRANSMISSION);
  const port = await freePort();
  const settings = scene.path(`transmission-${port}`);
  await Promise.all([mkdir(settings), mkdir(directory, { recursive: true })]);
  // Transmission 4.0 does not heed `-w`.
  const local = { 'download-dir': directory, 'dht-enabled': false, 'lpd-enabled': false };
  await writeFile(join(settings, 'settings.json'), JSON.stringify(local));
  const argv = ['-g', settings, '-p', String(port), '-M', torrent];
  const running = scene.start(program, argv);
  await untilListening(port, running);
  return `127.0.0.1:${port}`;
}
