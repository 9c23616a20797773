import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { PlanOption } from '@swarmpatch/plan';
import { type Build, generateBuild, nextBuild, seededRandom, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyInstall, STATE_DIRECTORY, treeOf } from './support/installed-tree.ts';
import { finish } from './support/scene.ts';
import { openStage, type Stage } from './support/stage.ts';
import { type Moved, Studio } from './support/studio.ts';

const KILLS = 3;

describe('an update by a patch', () => {
  let stage: Stage;
  let pristine: string;
  let patchBytes: number;

  beforeAll(async () => {
    stage = await openStage('patched update', { patches: 1 });
    const { scene, studio, first, second } = stage;
    pristine = scene.path('pristine');
    await studio.publish(first, '1.0.0');
    // Patches are made from what players have.
    await studio.install(pristine);
    const { patches } = await studio.publish(second, '1.1.0', '--wait-patches');
    const [patch] = patches as { from: string; bytes: number }[];
    expect(patch).toMatchObject({ from: '1.0.0' });
    patchBytes = patch?.bytes ?? 0;
  }, 60_000);
  afterAll(() => stage.scene.close());

  /** A player on the first release. */
  const installed = (name: string): Promise<string> => copyInstall(pristine, stage.scene.path(name));
  const update = async (player: string, ...options: readonly string[]): Promise<Moved> =>
    (await stage.scene.succeed('swarmpatch-launcher', 'update', '--dir', player, ...options)) as unknown as Moved;

  /** Without what the newer release could be put together from again. */
  const goBack = async (player: string): Promise<void> => {
    await stage.scene.succeed('swarmpatch-launcher', 'rollback', '--dir', player);
    await rm(join(player, STATE_DIRECTORY, 'undo'), { recursive: true, force: true });
  };

  it('fetches the patch alone, from the origin, and then from the player who keeps it', async () => {
    const { scene, second } = stage;
    const [giver, taker] = await Promise.all([installed('giver'), installed('taker')]);
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
    expect(await treeOf(player)).toEqual(summarizeBuild(stage.second));
  }, 40_000);

  it('is old or new, whole, after a kill at any time, and fetches the patch once', async () => {
    const { seed, scene, first, second } = stage;
    const random = seededRandom(seed);
    const player = await installed('killed');
    const builds = { '1.0.0': summarizeBuild(first), '1.1.0': summarizeBuild(second) };
    const beganMs = performance.now();
    await update(player);
    const spanMs = performance.now() - beganMs;
    await goBack(player);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const updating = scene.startCommand('swarmpatch-launcher', 'update', '--dir', player);
      await sleep(spanMs * (0.4 + 0.6 * random()));
      await updating.stop('SIGKILL');
      expect(await scene.run('swarmpatch-launcher', 'verify', '--dir', player)).toMatchObject({ exitCode: 0 });
      const tree = await treeOf(player);
      const isNew = isDeepStrictEqual(tree, builds['1.1.0']);
      expect(tree).toEqual(isNew ? builds['1.1.0'] : builds['1.0.0']);
      if (isNew) await goBack(player);
    }
    // It is kept from the first time.
    expect(await update(player)).toMatchObject({ bytes: { fromPeers: 0, fromWebSeeds: 0 } });
    expect(await treeOf(player)).toEqual(builds['1.1.0']);
    expect(await readdir(join(player, STATE_DIRECTORY))).not.toContain('staging');
  }, 180_000);

  describe('where no patch goes the whole way', () => {
    let comet: Studio;
    let player: string;
    let oldest: Build;
    let newest: Build;
    let chainBytes = 0;

    beforeAll(async () => {
      const { seed, scene, origin } = stage;
      comet = await Studio.open(scene, origin, 'comet');
      oldest = generateBuild(seed + 1, { files: 4, largestBytes: 400_000 });
      // Of other seeds, as what is new would otherwise be like what is there.
      const between = nextBuild(oldest, seed + 2);
      newest = nextBuild(between, seed + 3);
      player = scene.path('comet');
      const publish = async (build: Build, version: string): Promise<void> => {
        const { patches } = await comet.publish(build, version, '--wait-patches');
        for (const { bytes } of patches as { bytes: number }[]) chainBytes += bytes;
      };
      await publish(oldest, '1.0.0');
      await comet.install(player);
      await publish(between, '1.1.0');
      // With most players here, the one patch that is made to the next release begins here.
      await Promise.all(['one', 'other'].map((name) => comet.install(scene.path(name))));
      await publish(newest, '1.2.0');
    }, 120_000);

    it('goes by a chain, which plan shows with why it won', async () => {
      const { chosen, reason, options } = await stage.scene.succeed('swarmpatch-launcher', 'plan', '--dir', player);
      const [chain, ...costlier] = options as PlanOption[];
      expect({ chosen, chain }).toMatchObject({
        chosen: 'patch',
        chain: { kind: 'patch', downloadBytes: chainBytes, verdict: 'chosen', reason },
      });
      expect(chain?.steps.map(({ by, to }) => `${by} ${to}`)).toEqual(['patch 1.1.0', 'patch 1.2.0']);
      expect(costlier.map(({ kind, verdict }) => `${kind} ${verdict}`)).toEqual(
        expect.arrayContaining(['pieces costlier', 'full costlier']),
      );
      expect(reason).toMatch(/^takes about .+ less than pieces: .+ less for the download$/);
    });

    it('is the old release when Ctrl-C ends it, goes on with what has come, and commits once', async () => {
      const { scene } = stage;
      const argv = ['update', '--dir', player];
      const slow = scene.startCommand('swarmpatch-launcher', ...argv, '--no-peers', '--max-download', '16KiB');
      await slow.until(({ complaints }) => /download\s+[1-9]\d?%/.test(complaints) || undefined);
      slow.kill('SIGINT');
      expect(await finish(slow)).toMatchObject({ exitCode: 130, document: { error: { code: 'interrupted' } } });
      expect(await treeOf(player)).toEqual(summarizeBuild(oldest));

      const { from, to, plan, bytes } = await update(player);
      expect({ from, to, plan }).toEqual({ from: '1.0.0', to: '1.2.0', plan: 'patch' });
      expect(bytes.fromPeers + bytes.fromWebSeeds).toBeLessThan(chainBytes);
      expect(await treeOf(player)).toEqual(summarizeBuild(newest));
      expect(await scene.succeed('swarmpatch-launcher', 'status', '--dir', player)).toMatchObject({
        previous: '1.0.0',
      });
    }, 60_000);
  });
});
