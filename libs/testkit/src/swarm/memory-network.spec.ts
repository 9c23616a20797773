import { describe, expect, it } from 'vitest';

import { MemoryNetwork, SimulatedTorrent } from './index.ts';

const MIB = 1024 * 1024;
const seeds = process.env['SWARMPATCH_SEED'] ? [Number(process.env['SWARMPATCH_SEED'])] : [1, 2, 3];

/** 3 large files, 40 small ones, and one that ends in the middle of a block. */
const lengths = [MIB, 700_000, 300_001, ...Array.from({ length: 40 }, (_, index) => 100 + index * 900)];
const torrent = new SimulatedTorrent(lengths, 65_536);

describe.each(seeds)('a swarm of engines, seed %i', (seed) => {
  it('brings everything from one seed to everyone', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addLauncher({ starts: 'complete' });
    for (let count = 0; count < 6; count += 1) network.addLauncher();
    expect(network.runUntilAllFinished(120)).toBe(true);
  });

  it('does the same without the fast extension', () => {
    const network = new MemoryNetwork({ torrent, seed, capabilities: 'basic' });
    network.addLauncher({ starts: 'complete' });
    for (let count = 0; count < 4; count += 1) network.addLauncher();
    expect(network.runUntilAllFinished(120)).toBe(true);
  });

  it('starts HTTP at once when there is only an origin', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const origin = network.addOrigin({ uplink: 2 * MIB });
    const launcher = network.addLauncher();
    network.runFor(1);
    expect(launcher.swarm.stats(1000).fromWebSeedsBytes).toBeGreaterThan(0);
    expect(network.runUntilAllFinished(20)).toBe(true);
    expect(origin.servedBytes).toBe(torrent.lengthBytes);
  });

  it('takes little more than one copy from the origin for a crowd that starts together', () => {
    const crowded = new SimulatedTorrent([3 * MIB, 3 * MIB], 32_768);
    const network = new MemoryNetwork({ torrent: crowded, seed });
    const origin = network.addOrigin({ uplink: MIB });
    for (let count = 0; count < 8; count += 1) network.addLauncher({ maxUpload: 512 * 1024 });
    expect(network.runUntilAllFinished(120)).toBe(true);
    expect(origin.servedBytes / crowded.lengthBytes).toBeLessThan(1.6);
  });

  it('goes to HTTP when the only peer dies, and gives nothing up', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: MIB });
    const peer = network.addLauncher({ starts: 'complete', uplink: 500_000 });
    const launcher = network.addLauncher();
    network.time.runUntil(() => launcher.swarm.stats(network.time.nowMs).fromPeersBytes > 300_000, 60_000);
    peer.crash();
    expect(network.runUntilAllFinished(120)).toBe(true);
    expect(launcher.swarm.stats(network.time.nowMs).fromPeersBytes).toBeGreaterThan(300_000);
  });

  it('goes to peers when the origin is down', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: MIB, downMs: { from: 500, to: Infinity } });
    network.addLauncher({ starts: 'complete' });
    network.addLauncher();
    network.addLauncher();
    expect(network.runUntilAllFinished(120)).toBe(true);
  });

  it('waits for an origin that comes back', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: MIB, downMs: { from: 0, to: 10_000 } });
    network.addLauncher();
    expect(network.runUntilAllFinished(60)).toBe(true);
  });

  it('finishes through crashes while one copy is reachable', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addLauncher({ starts: 'complete', uplink: 300_000 });
    for (let count = 0; count < 8; count += 1) network.addLauncher({ uplink: 300_000 });
    for (let crash = 0; crash < 4; crash += 1) {
      network.runFor(1 + network.random() * 2);
      network.launchers[1 + Math.floor(network.random() * 8)]?.crash();
      network.addLauncher({ uplink: 300_000 });
    }
    expect(network.runUntilAllFinished(180)).toBe(true);
  });

  it('names and bans the one who sends wrong blocks, and nobody else', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addLauncher({ starts: 'complete', uplink: 300_000 });
    const liar = network.addLauncher({ starts: 'complete', uplink: 2_000_000, corruption: 0.1 });
    for (let count = 0; count < 4; count += 1) network.addLauncher();
    expect(network.runUntilAllFinished(180)).toBe(true);
    const banned = network.launchers.flatMap((launcher) => launcher.banned);
    expect(banned.length).toBeGreaterThan(0);
    expect(new Set(banned)).toEqual(new Set([liar.address.host]));
  });

  it('leaves a web seed alone that sends wrong pieces', () => {
    const network = new MemoryNetwork({ torrent, seed });
    const bad = network.addOrigin({ uplink: MIB, corruption: 1 });
    network.addOrigin({ uplink: MIB });
    network.addLauncher();
    expect(network.runUntilAllFinished(120)).toBe(true);
    expect(bad.servedBytes).toBeLessThan(torrent.lengthBytes / 2);
  });

  it('keeps the upload and download limits', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: 4 * MIB });
    const giver = network.addLauncher({ starts: 'complete', maxUpload: 100_000 });
    const taker = network.addLauncher({ maxDownload: 200_000 });
    network.runFor(8);
    const { fromPeersBytes, fromWebSeedsBytes } = taker.swarm.stats(network.time.nowMs);
    expect(giver.uploadedBytes).toBeLessThanOrEqual(100_000 * 8 + 64 * 1024);
    expect(fromPeersBytes + fromWebSeedsBytes).toBeLessThanOrEqual(200_000 * 8 + 512 * 1024);
    expect(network.runUntilAllFinished(60)).toBe(true);
  });

  it('finishes with memory for two pieces only', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addOrigin({ uplink: MIB });
    network.addLauncher({ starts: 'complete' });
    network.addLauncher({ heldBytesMax: 1 });
    expect(network.runUntilAllFinished(120)).toBe(true);
  });

  it('names the DHT nodes of peers to those who have one, and nobody else', () => {
    const network = new MemoryNetwork({ torrent, seed });
    network.addLauncher({ starts: 'complete', uplink: 500_000, dhtPort: 7000 });
    for (let count = 1; count <= 4; count += 1) network.addLauncher({ dhtPort: 7000 + count });
    const without = network.addLauncher();
    expect(network.runUntilAllFinished(120)).toBe(true);
    const ports = new Map(network.launchers.map(({ address, options }) => [address.host, options.dhtPort]));
    expect(without.dhtNodes).toEqual([]);
    for (const { dhtNodes, options } of network.launchers.filter((each) => each !== without)) {
      expect(dhtNodes.length).toBeGreaterThan(0);
      for (const { host, port } of dhtNodes) expect(ports.get(host)).toBe(port);
      expect(dhtNodes.map(({ port }) => port)).not.toContain(options.dhtPort);
    }
  });

  it('leaves no memory to peers that never answer, when it has little', () => {
    const network = new MemoryNetwork({ torrent, seed });
    for (let count = 0; count < 3; count += 1) network.addLauncher({ conduct: 'silent' });
    network.addLauncher({ starts: 'complete' });
    network.addLauncher({ heldBytesMax: 1 });
    expect(network.runUntilAllFinished(100)).toBe(true);
  });
});
