import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, copyInstall, distinctBytesOf, treeOf } from './support/installed-tree.ts';
import { openStage, type Stage } from './support/stage.ts';
import { type Moved, Studio } from './support/studio.ts';

describe('a release cycle', () => {
  let stage: Stage;
  let pristine: string;

  beforeAll(async () => {
    stage = await openStage('release cycle', { patches: 1 });
    await stage.studio.publish(stage.first, '1.0.0');
    await stage.studio.publish(stage.second, '1.1.0', '--wait-patches');
    pristine = stage.scene.path('pristine');
    await stage.studio.install(pristine);
  }, 60_000);
  afterAll(() => stage.scene.close());

  const launcher = (command: string, directory: string, ...options: readonly string[]) =>
    stage.scene.run('swarmpatch-launcher', command, '--dir', directory, ...options);

  it('takes a player from release to release as the channel moves', async () => {
    const { scene, origin, first, second } = stage;
    const meteor = await Studio.open(scene, origin, 'meteor');
    const player = scene.path('meteor');
    // Its bytes are here already, as the other game's.
    expect(await meteor.publish(first, '1.0.0')).toMatchObject({
      version: '1.0.0',
      bytes: bytesOf(first),
      newBytes: 0,
    });
    expect(await meteor.install(player)).toMatchObject({
      game: 'meteor',
      from: null,
      to: '1.0.0',
      changed: true,
      bytes: { fromPeers: 0, fromWebSeeds: distinctBytesOf(first) },
    });
    expect(await treeOf(player)).toEqual(summarizeBuild(first));

    await writeFile(join(player, 'my-save.dat'), 'level 7');
    const { patches } = await meteor.publish(second, '1.1.0', '--wait-patches');
    const [patch] = patches as { from: string; bytes: number }[];
    const plan = await launcher('plan', player);
    expect(plan.document).toMatchObject({ from: '1.0.0', to: '1.1.0', chosen: 'patch' });
    const update = await launcher('update', player);
    expect(update.document).toMatchObject({ from: '1.0.0', to: '1.1.0', changed: true, plan: 'patch' });
    const { bytes } = update.document as unknown as Moved;
    expect(bytes.fromWebSeeds).toBe(patch?.bytes);
    expect(bytes.fromWebSeeds).toBeLessThan(bytesOf(second) / 2);
    expect(bytes.reused).toBeGreaterThan(0);
    expect(await readFile(join(player, 'my-save.dat'), 'utf8')).toBe('level 7');
    await rm(join(player, 'my-save.dat'));
    expect(await treeOf(player)).toEqual(summarizeBuild(second));

    const again = await launcher('update', player);
    expect(again).toMatchObject({ exitCode: 0, document: { changed: false, plan: 'none', bytes: { written: 0 } } });
    expect((await launcher('status', player)).document).toMatchObject({
      game: 'meteor',
      version: '1.1.0',
      stale: false,
    });
  }, 60_000);

  it('finds damage and mends no more than that', async () => {
    const player = await copyInstall(pristine, stage.scene.path('damaged'));
    expect(await launcher('verify', player)).toMatchObject({
      exitCode: 0,
      document: { ok: true, damaged: [], missing: [] },
    });
    const world = await readFile(join(player, 'data/world.pak'));
    world.write('DAMAGE', Math.floor(world.length / 2));
    await writeFile(join(player, 'data/world.pak'), world);
    await rm(join(player, 'data/one-byte'));

    const found = await launcher('verify', player);
    expect(found.exitCode).toBe(1);
    expect(found.document).toMatchObject({
      ok: false,
      damaged: [{ path: 'data/world.pak' }],
      missing: ['data/one-byte'],
    });
    const mended = await launcher('repair', player);
    expect(mended).toMatchObject({ exitCode: 0, document: { changed: true, to: '1.1.0' } });
    expect(Number(mended.document['fetchedBytes'])).toBeLessThan(world.length / 4);
    expect(await treeOf(player)).toEqual(summarizeBuild(stage.second));
    expect((await launcher('verify', player)).exitCode).toBe(0);
  }, 30_000);

  it('goes back to the release before with what was kept of it, and removes all that it installed', async () => {
    const { scene, studio, first } = stage;
    const player = scene.path('back');
    await studio.install(player, '--version', '1.0.0');
    expect(await treeOf(player)).toEqual(summarizeBuild(first));
    expect((await launcher('update', player, '--version', '1.1.0')).document).toMatchObject({ to: '1.1.0' });
    const { document } = await launcher('rollback', player);
    expect(document).toMatchObject({
      from: '1.1.0',
      to: '1.0.0',
      bytes: { fromPeers: 0, fromWebSeeds: 0, written: 0 },
    });
    expect(await treeOf(player)).toEqual(summarizeBuild(first));
    const { entries } = (await launcher('history', player)).document as { entries: { command: string }[] };
    expect(entries.map(({ command }) => command)).toEqual(['rollback', 'update', 'install']);
    await writeFile(join(player, 'my-save.dat'), 'level 7');
    expect((await launcher('uninstall', player)).document).toMatchObject({ extra: ['my-save.dat'], changed: [] });
    expect(Object.keys(await treeOf(player))).toEqual(['my-save.dat']);
  }, 30_000);

  it('fetches from another player, whom the tracker names', async () => {
    const { scene, studio, second } = stage;
    const [giver, taker] = [pristine, scene.path('taker')];
    const seeding = await scene.serve('swarmpatch-launcher', 'seed', '--dir', giver, '--listen', '127.0.0.1:0');
    expect(seeding.ready).toMatchObject({ ready: true, version: '1.1.0' });
    const { bytes } = await studio.install(taker, '--no-web-seeds', '--timeout', '20');
    expect(bytes).toMatchObject({ fromPeers: distinctBytesOf(second), fromWebSeeds: 0 });
    expect(await treeOf(taker)).toEqual(summarizeBuild(second));
    await writeFile(join(taker, 'data/one-byte'), 'two bytes');
    const mended = await launcher('repair', taker, '--no-web-seeds', '--timeout', '20');
    expect(mended.document).toMatchObject({
      fetchedBytes: 1,
      bytes: { fromPeers: 1 },
      kept: [{ path: 'data/one-byte' }],
    });
    expect(await seeding.program.stop('SIGINT')).toEqual({ exitCode: 0, signal: null });
  }, 40_000);

  it('fetches from a player who mends his install while it is served', async () => {
    const { scene, studio, second } = stage;
    const [giver, taker] = [await copyInstall(pristine, scene.path('mender')), scene.path('waiting')];
    await writeFile(join(giver, 'data/world.pak'), 'damage');
    const seeding = await scene.serve('swarmpatch-launcher', 'seed', '--dir', giver, '--listen', '127.0.0.1:0');
    const { pieces, pieceCount, listen } = seeding.ready as Record<string, number>;
    expect(pieces).toBeLessThan(pieceCount ?? 0);
    expect(await launcher('repair', giver)).toMatchObject({ exitCode: 0, document: { changed: true } });
    await seeding.program.until(({ complaints }) => complaints.includes('now serving') || undefined);
    const alone = ['--no-web-seeds', '--peer', String(listen), '--timeout', '20'];
    expect((await studio.install(taker, ...alone)).bytes).toMatchObject({ fromWebSeeds: 0 });
    expect(await treeOf(taker)).toEqual(summarizeBuild(second));
    await seeding.program.stop('SIGINT');
  }, 40_000);

  it('is there again after the origin was killed', async () => {
    const { scene, origin, studio, second } = stage;
    await origin.kill();
    await origin.restart();
    const player = scene.path('after');
    await studio.install(player);
    expect(await treeOf(player)).toEqual(summarizeBuild(second));
  }, 30_000);
});
