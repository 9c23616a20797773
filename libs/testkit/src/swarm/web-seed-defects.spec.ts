import { URGENT_PRIORITY, type WebRun } from '@swarmpatch/swarm';
import { describe, expect, it, vi } from 'vitest';

import { MemoryNetwork, type SimulatedOrigin, SimulatedTorrent } from './index.ts';

const MIB = 1024 * 1024;
const seeds = process.env['SWARMPATCH_SEED'] ? [Number(process.env['SWARMPATCH_SEED'])] : [1, 2, 3];

/** Whole pieces, and one file that ends in the middle of a block. */
const torrent = new SimulatedTorrent([3 * MIB, 2 * MIB + 1_234_567], 65_536);

/** The runs that an origin is asked for, as they are asked. */
function watchRuns(origin: SimulatedOrigin): WebRun[] {
  const runs: WebRun[] = [];
  const fetch = origin.fetch.bind(origin);
  vi.spyOn(origin, 'fetch').mockImplementation((launcher, run) => {
    runs.push(run);
    fetch(launcher, run);
  });
  return runs;
}

/** What went wrong with web seeds elsewhere, each with the issue that tells of it. */
describe.each(seeds)('web seeds, seed %i', (seed) => {
  // anacrolix/torrent#956, libtorrent#6410
  it('are not what a crowd fetches everything from: peers trade', () => {
    const large = new SimulatedTorrent([24 * MIB], 65_536);
    const network = new MemoryNetwork({ torrent: large, seed });
    const origin = network.addOrigin({ uplink: 4 * MIB });
    for (let count = 0; count < 12; count += 1) network.addLauncher({ maxUpload: MIB, maxDownload: 4 * MIB });
    expect(network.runUntilAllFinished(120)).toBe(true);
    expect(origin.servedBytes / large.lengthBytes).toBeLessThan(1.5);
    for (const launcher of network.launchers)
      expect(launcher.swarm.stats(network.time.nowMs).fromPeersBytes).toBeGreaterThan(large.lengthBytes / 2);
  });

  it('are not what a crowd fetches everything from even when there are as few pieces as clients', () => {
    const coarse = new SimulatedTorrent([24 * MIB], MIB);
    const network = new MemoryNetwork({ torrent: coarse, seed });
    const origin = network.addOrigin({ uplink: 4 * MIB });
    for (let count = 0; count < 12; count += 1) network.addLauncher({ maxUpload: MIB, maxDownload: 4 * MIB });
    expect(network.runUntilAllFinished(120)).toBe(true);
    expect(origin.servedBytes / coarse.lengthBytes).toBeLessThan(2.5);
  });

  // webtorrent#1671
  it('are used when there are no peers', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const origin = network.addOrigin({ uplink: 4 * MIB });
    network.addLauncher();
    expect(network.runUntilAllFinished(10)).toBe(true);
    expect(origin.servedBytes).toBe(torrent.lengthBytes);
  });

  // webtorrent#1666
  it('bring the blocks that a peer owed when it died', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: 4 * MIB });
    const peer = network.addLauncher({ starts: 'complete', uplink: 300_000 });
    const launcher = network.addLauncher();
    network.runFor(4);
    expect(launcher.swarm.stats(network.time.nowMs).fromPeersBytes).toBeGreaterThan(0);
    peer.crash();
    const diedMs = network.time.nowMs;
    expect(network.runUntilAllFinished(60)).toBe(true);
    expect((launcher.finishedMs ?? Infinity) - diedMs).toBeLessThan(10_000);
  });

  // webtorrent#2432
  it('step in when a peer that claims everything sends nothing', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: 4 * MIB });
    for (let count = 0; count < 3; count += 1) network.addLauncher({ starts: 'complete', conduct: 'silent' });
    const launcher = network.addLauncher();
    network.time.runUntil(() => launcher.finishedMs !== undefined, 60_000);
    expect(launcher.finishedMs).toBeLessThan(20_000);
  });

  it('step in for the blocks that one slow peer among many keeps to itself', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: 4 * MIB });
    network.addLauncher({ starts: 'complete', uplink: 2 * MIB });
    network.addLauncher({ starts: 'complete', uplink: 4_000 });
    const launcher = network.addLauncher();
    network.time.runUntil(() => launcher.finishedMs !== undefined, 120_000);
    expect(launcher.finishedMs).toBeLessThan(20_000);
  });

  it('stay unused while peers have everything and are fast enough', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const origin = network.addOrigin({ uplink: 4 * MIB });
    network.addLauncher({ starts: 'complete', uplink: 4 * MIB });
    network.runFor(1);
    const launcher = network.addLauncher({ maxDownload: MIB });
    expect(network.runUntilAllFinished(60)).toBe(true);
    // What it asked for before it knew of the peer.
    expect(origin.servedBytes).toBeLessThan(MIB);
    expect(launcher.swarm.stats(network.time.nowMs).fromPeersBytes).toBeGreaterThan(torrent.lengthBytes - MIB);
  });

  it('stop again when the swarm recovers', () => {
    const large = new SimulatedTorrent([24 * MIB], 65_536);
    const network = new MemoryNetwork({ torrent: large, seed });
    const origin = network.addOrigin({ uplink: 400_000 });
    network.addLauncher({ starts: 'complete', uplink: 30_000 });
    network.runFor(1);
    const launcher = network.addLauncher();
    network.runFor(25);
    expect(launcher.swarm.stats(network.time.nowMs).webSeedsBytesPerSecond).toBeGreaterThan(0);
    network.addLauncher({ starts: 'complete', uplink: 600_000 });
    network.runFor(12);
    const servedBytes = origin.servedBytes;
    network.runFor(8);
    expect(launcher.finishedMs).toBeUndefined();
    expect(origin.servedBytes - servedBytes).toBeLessThan(256 * 1024);
  });

  // libtorrent#1405
  it('are asked for long runs', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const runs = watchRuns(network.addOrigin({ uplink: 4 * MIB }));
    network.addLauncher();
    expect(network.runUntilAllFinished(10)).toBe(true);
    expect(runs.length).toBeLessThanOrEqual(10);
  });

  it('are asked seldom for very many small files', () => {
    const files = new SimulatedTorrent(
      Array.from({ length: 3_000 }, (_, index) => 200 + (index % 50) * 300),
      16_384,
    );
    const network = new MemoryNetwork({ torrent: files, seed });
    const runs = watchRuns(network.addOrigin({ uplink: 8 * MIB }));
    network.addLauncher();
    expect(network.runUntilAllFinished(30)).toBe(true);
    expect(runs.length).toBeLessThanOrEqual(20);
  });

  it('share the work when there are several, however different they are', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const fast = network.addOrigin({ uplink: 2 * MIB });
    const slow = network.addOrigin({ uplink: 50_000 });
    const launcher = network.addLauncher();
    expect(network.runUntilAllFinished(20)).toBe(true);
    expect(launcher.finishedMs).toBeLessThan(8_000);
    expect(fast.servedBytes).toBeGreaterThan(slow.servedBytes * 5);
    expect(fast.servedBytes + slow.servedBytes).toBeLessThan(torrent.lengthBytes * 1.25);
  });

  it('are left alone for the pieces that they have wrong, and used for the others', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const half = network.addOrigin({ uplink: 2 * MIB, corruption: 0.1 });
    network.addOrigin({ uplink: 200_000 });
    network.addLauncher();
    expect(network.runUntilAllFinished(60)).toBe(true);
    expect(half.servedBytes).toBeGreaterThan(torrent.lengthBytes / 2);
  });

  it('meet a deadline that peers alone would miss, and no more than that', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const origin = network.addOrigin({ uplink: 4 * MIB });
    network.addLauncher({ starts: 'complete', uplink: 250_000 });
    network.runFor(1);
    const launcher = network.addLauncher({ deadlineMs: 15_000 });
    expect(network.runUntilAllFinished(30)).toBe(true);
    expect((launcher.finishedMs ?? Infinity) - launcher.startedMs).toBeLessThan(15_000);
    expect(origin.servedBytes).toBeLessThan(torrent.lengthBytes);
  });

  it('leave slow peers the work that they finish before the deadline', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const origin = network.addOrigin({ uplink: 4 * MIB });
    network.addLauncher({ starts: 'complete', uplink: 100_000 });
    network.runFor(1);
    network.addLauncher({ deadlineMs: 120_000 });
    expect(network.runUntilAllFinished(120)).toBe(true);
    expect(origin.servedBytes).toBeLessThan(torrent.lengthBytes / 4);
  });

  it('bring first what somebody waits for', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: MIB });
    network.addLauncher({ starts: 'complete', uplink: 200_000 });
    network.runFor(1);
    const launcher = network.addLauncher();
    network.runFor(5);
    const { pieceCount } = torrent.layout;
    const priorities = new Uint8Array(pieceCount).fill(URGENT_PRIORITY, pieceCount - 16, pieceCount);
    launcher.swarm.setPriorities(priorities);
    network.runFor(3);
    expect(launcher.swarm.missingWithin(pieceCount - 16, pieceCount)).toBe(0);
    expect(launcher.finishedMs).toBeUndefined();
  });

  it('say that content is bad when all that is left of it is, and nobody has it', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const origin = network.addOrigin({ uplink: 4 * MIB, corruption: 1 });
    const first = network.addLauncher();
    const second = network.addLauncher();
    network.runFor(10);
    for (const launcher of [first, second]) expect(launcher.swarm.sourceState.kind).toBe('bad_content');
    expect(origin.servedBytes).toBeLessThan(torrent.lengthBytes);
  });
});
