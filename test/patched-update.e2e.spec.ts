import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Build, generateBuild, nextBuild, seededRandom, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STATE_DIRECTORY, treeOf } from './support/installed-tree.ts';
import { Origin } from './support/origin.ts';
import { Scene } from './support/scene.ts';
import { drawSeed } from './support/seed.ts';
import { type Moved, Studio } from './support/studio.ts';

const KILLS = 4;

describe('an update by a patch', () => {
  let seed: number;
  let scene: Scene;
  let origin: Origin;
  let studio: Studio;
  let first: Build;
  let second: Build;
  let patchBytes: number;

  beforeAll(async () => {
    seed = drawSeed('patched update');
    first = generateBuild(seed);
    second = nextBuild(first, seed);
    scene = await Scene.open();
    origin = await Origin.start(scene);
    studio = await Studio.open(scene, origin, 'starfall');
    await studio.publish(first, '1.0.0');
    // Patches are made from what players have.
    await studio.install(scene.path('giver'));
    const { patches } = await studio.publish(second, '1.1.0', '--wait-patches');
    const [patch] = patches as { from: string; bytes: number }[];
    expect(patch).toMatchObject({ from: '1.0.0' });
    patchBytes = patch?.bytes ?? 0;
  }, 60_000);
  afterAll(() => scene.close());

  const installed = async (name: string): Promise<string> => {
    const player = scene.path(name);
    await studio.install(player, '--version', '1.0.0');
    return player;
  };
  const update = async (player: string, ...options: readonly string[]): Promise<Moved> =>
    (await scene.succeed('swarmpatch-launcher', 'update', '--dir', player, ...options)) as unknown as Moved;

  it('fetches the patch alone, from the origin, and then from the player who keeps it', async () => {
    const [giver, taker] = [scene.path('giver'), await installed('taker')];
    expect(await update(giver)).toMatchObject({ plan: 'patch', bytes: { fromPeers: 0, fromWebSeeds: patchBytes } });
    expect(await treeOf(giver)).toEqual(summarizeBuild(second));

    const seeding = await scene.serve('swarmpatch-launcher', 'seed', '--dir', giver, '--listen', '127.0.0.1:0');
    expect(seeding.ready).toMatchObject({ ready: true, version: '1.1.0', patches: 1 });
    const moved = await update(taker, '--no-web-seeds', '--timeout', '20');
    expect(moved).toMatchObject({ plan: 'patch', bytes: { fromPeers: patchBytes, fromWebSeeds: 0 } });
    expect(await treeOf(taker)).toEqual(summarizeBuild(second));
    await seeding.program.stop('SIGINT');
  }, 60_000);

  it('fetches as pieces what a file that the player changed would have given', async () => {
    const player = await installed('changed');
    const world = await readFile(join(player, 'data/world.pak'));
    await writeFile(join(player, 'data/world.pak'), Buffer.concat([Buffer.from('mod'), world]));
    const { bytes } = await update(player);
    expect(bytes.fromWebSeeds).toBeGreaterThan(0);
    expect(await treeOf(player)).toEqual(summarizeBuild(second));
  }, 40_000);

  it('is old or new, whole, after a kill at any time, and fetches the patch once', async () => {
    const random = seededRandom(seed);
    const player = await installed('killed');
    const builds = { '1.0.0': summarizeBuild(first), '1.1.0': summarizeBuild(second) };
    const beganMs = performance.now();
    await update(player);
    const spanMs = performance.now() - beganMs;
    await scene.succeed('swarmpatch-launcher', 'rollback', '--dir', player);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const updating = scene.startCommand('swarmpatch-launcher', 'update', '--dir', player);
      await sleep(spanMs * (0.4 + 0.6 * random()));
      await updating.stop('SIGKILL');
      expect(await scene.run('swarmpatch-launcher', 'verify', '--dir', player)).toMatchObject({ exitCode: 0 });
      const tree = await treeOf(player);
      const isNew = isDeepStrictEqual(tree, builds['1.1.0']);
      expect(tree).toEqual(isNew ? builds['1.1.0'] : builds['1.0.0']);
      if (isNew) await scene.succeed('swarmpatch-launcher', 'rollback', '--dir', player);
    }
    // It is kept from the first time.
    expect(await update(player)).toMatchObject({ bytes: { fromPeers: 0, fromWebSeeds: 0 } });
    expect(await treeOf(player)).toEqual(builds['1.1.0']);
    expect(await readdir(join(player, STATE_DIRECTORY))).not.toContain('staging');
  }, 60_000);
});
