import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, untilListening } from './support/local-port.ts';
import type { RunningProgram } from './support/running-program.ts';
import { finish, Scene } from './support/scene.ts';

const PIECE = 64 * 1024;
const FILES = { 'one.bin': 60 * PIECE, 'two.bin': 20 * PIECE, 'three.bin': 20 * PIECE };
const LENGTH = 100 * PIECE;

interface Download {
  received: { fromPeers: number; fromWebSeeds: number };
}

describe('a download that was interrupted', () => {
  let scene: Scene;
  let torrent: string;
  let seedAddress: string;

  beforeAll(async () => {
    scene = await Scene.open();
    const library = scene.path('library');
    await mkdir(scene.path('library', 'game'), { recursive: true });
    for (const [name, lengthBytes] of Object.entries(FILES))
      await writeFile(scene.path('library', 'game', name), randomBytes(lengthBytes));
    torrent = scene.path('game.torrent');
    const making = ['torrent', 'create', scene.path('library', 'game'), '--out', torrent];
    await scene.succeed('swarmpatch', ...making, '--piece-length', `${PIECE}`);
    const port = await freePort();
    seedAddress = `127.0.0.1:${port}`;
    const seeding = ['download', torrent, '--dir', library, '--listen', seedAddress, '--seed-for', '60'];
    const seed = scene.startCommand('swarmpatch-launcher', ...seeding, '--no-dht', '--no-lan');
    await untilListening(port, seed);
  }, 30_000);
  afterAll(() => scene.close());

  const argvTo = (dir: string): string[] => {
    const from = ['--peer', seedAddress, '--listen', '127.0.0.1:0', '--no-dht', '--no-lan', '--timeout', '30'];
    return ['download', torrent, '--dir', dir, ...from];
  };

  async function startSlowly(dir: string, rate = '1MiB'): Promise<RunningProgram> {
    const download = scene.startCommand('swarmpatch-launcher', ...argvTo(dir), '--max-download', rate);
    await download.until(({ complaints }) => /download\s+[3-9]\d%/.test(complaints) || undefined);
    return download;
  }

  /** What is not on disk, as another program counts it. */
  async function missingBytes(dir: string): Promise<number> {
    const { document } = await scene.run('swarmpatch', 'torrent', 'check', torrent, '--dir', dir);
    const { damaged, missing } = document as { damaged: { pieces: number[] }[]; missing: (keyof typeof FILES)[] };
    const absentBytes = missing.reduce((sum, path) => sum + (FILES[path] ?? 0), 0);
    return absentBytes + damaged.reduce((sum, { pieces }) => sum + pieces.length * PIECE, 0);
  }

  async function goOn(dir: string): Promise<number> {
    const document = await scene.succeed('swarmpatch-launcher', ...argvTo(dir));
    for (const name of Object.keys(FILES)) {
      const [found, wanted] = await Promise.all(
        [scene.path('library'), dir].map((place) => readFile(`${place}/game/${name}`)),
      );
      expect(wanted && found?.equals(wanted)).toBe(true);
    }
    return (document as unknown as Download).received.fromPeers;
  }

  it('by Ctrl-C fetches what is missing, and then nothing', async () => {
    const dir = scene.path('stopped');
    const download = await startSlowly(dir);
    download.kill('SIGINT');
    expect(await finish(download)).toMatchObject({ exitCode: 130 });
    const missing = await missingBytes(dir);
    expect(missing).toBeLessThan(LENGTH * 0.75);
    expect(missing).toBeGreaterThan(0);
    expect(await goOn(dir)).toBe(missing);
    expect(await goOn(dir)).toBe(0);
  }, 40_000);

  it('by a kill fetches what is missing, whatever was remembered before', async () => {
    const dir = scene.path('killed');
    await (await startSlowly(dir)).stop('SIGINT');
    // Slower still: much may be here already, and some has to be missing when it is heard of.
    await (await startSlowly(dir, '256KiB')).stop('SIGKILL');
    const missing = await missingBytes(dir);
    expect(missing).toBeLessThan(LENGTH * 0.75);
    expect(await goOn(dir)).toBe(missing);
  }, 40_000);
});
