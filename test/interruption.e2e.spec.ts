import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { generateBuild, seededRandom, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distinctBytesOf, STATE_DIRECTORY, treeOf } from './support/installed-tree.ts';
import { finish } from './support/scene.ts';
import { openStage, type Stage } from './support/stage.ts';
import { codeOf, type Moved, Studio } from './support/studio.ts';

const KILLS = 4;
/** Large enough to be caught in the middle of its upload. */
const LARGE_BYTES = 20_000_000;

describe('an interruption', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage('interruption', { patches: 1 });
    await stage.studio.publish(stage.first, '1.0.0');
    // One of the ways then goes by a patch.
    await stage.studio.publish(stage.second, '1.1.0', '--wait-patches');
  }, 60_000);
  afterAll(() => stage.scene.close());

  const releasesOf = async ({ game, origin }: Studio): Promise<unknown> =>
    ((await (await fetch(`${origin.http}/api/games/${game}/releases`)).json()) as { releases: unknown }).releases;

  /** Waits until the origin expects the blobs of a release. */
  async function uploadOpened({ game, token, origin }: Studio, version: string): Promise<void> {
    const headers = { authorization: `Bearer ${token}` };
    while (!(await fetch(`${origin.http}/api/games/${game}/uploads/${version}`, { headers })).ok) await sleep(5);
  }

  it('of a publisher leaves nothing half-published, and the next run goes on', async () => {
    const { seed, scene, origin } = stage;
    const comet = await Studio.open(scene, origin, 'comet');
    const build = generateBuild(seed + 1, { files: 4, largestBytes: LARGE_BYTES });
    const argv = comet.publishing(await comet.lay(build, '1.0.0'), '1.0.0');
    const publisher = scene.startCommand('swarmpatch', ...argv);
    await uploadOpened(comet, '1.0.0');
    expect(await publisher.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    expect(await releasesOf(comet)).toEqual([]);

    expect(await scene.run('swarmpatch', ...argv)).toMatchObject({ exitCode: 0, document: { version: '1.0.0' } });
    await comet.install(scene.path('comet'));
    expect(await treeOf(scene.path('comet'))).toEqual(summarizeBuild(build));
  }, 40_000);

  it('of the origin during an upload leaves nothing half-published, and the release can be published', async () => {
    const { seed, scene, origin } = stage;
    const nova = await Studio.open(scene, origin, 'nova');
    const build = generateBuild(seed + 2, { files: 4, largestBytes: LARGE_BYTES });
    const argv = nova.publishing(await nova.lay(build, '1.0.0'), '1.0.0');
    const publisher = scene.startCommand('swarmpatch', ...argv);
    await uploadOpened(nova, '1.0.0');
    await origin.kill();
    await sleep(200);
    await origin.restart();
    const { exitCode, document } = await finish(publisher);
    if (exitCode !== 0) {
      expect(codeOf({ document })).toMatch(/^(origin_unreachable|upload_failed)$/);
      expect(await releasesOf(nova)).toEqual([]);
      expect(await scene.run('swarmpatch', ...argv)).toMatchObject({ exitCode: 0 });
    }
    await nova.install(scene.path('nova'));
    expect(await treeOf(scene.path('nova'))).toEqual(summarizeBuild(build));
  }, 60_000);

  it('of an install by Ctrl-C keeps what has arrived', async () => {
    const { scene, studio, second } = stage;
    const player = scene.path('stopped');
    const argv = studio.installing(player, '--no-peers');
    const install = scene.startCommand('swarmpatch-launcher', ...argv, '--max-download', '512KiB');
    await install.until(({ complaints }) => /download\s+[3-9]\d%/.test(complaints) || undefined);
    install.kill('SIGINT');
    expect(await finish(install)).toMatchObject({ exitCode: 130, document: { error: { code: 'interrupted' } } });
    expect(await treeOf(player)).toEqual({});

    const { document } = await scene.run('swarmpatch-launcher', ...argv);
    const { bytes } = document as unknown as Moved;
    expect(bytes.fromWebSeeds).toBeLessThan(distinctBytesOf(second) * 0.8);
    expect(bytes.fromWebSeeds).toBeGreaterThan(0);
    expect(await treeOf(player)).toEqual(summarizeBuild(second));
  }, 40_000);

  it('of an update at any time leaves one release or the other, whole', async () => {
    const { seed, scene, studio, first, second } = stage;
    const random = seededRandom(seed);
    const player = scene.path('killed');
    const builds = { '1.0.0': summarizeBuild(first), '1.1.0': summarizeBuild(second) };
    const other = (version: Version): Version => (version === '1.0.0' ? '1.1.0' : '1.0.0');
    const move = (version: Version) => ['update', '--dir', player, '--version', version];
    await studio.install(player, '--version', '1.0.0');
    const beganMs = performance.now();
    await scene.succeed('swarmpatch-launcher', ...move('1.1.0'));
    const spanMs = performance.now() - beganMs;
    const atRest = await readdir(join(player, STATE_DIRECTORY));

    let version: Version = '1.1.0';
    for (let kill = 0; kill < KILLS; kill += 1) {
      const update = scene.startCommand('swarmpatch-launcher', ...move(other(version)));
      await sleep(spanMs * (0.3 + 0.7 * random()));
      await update.stop('SIGKILL');
      // Whatever command comes next recovers first.
      expect(await scene.run('swarmpatch-launcher', 'verify', '--dir', player)).toMatchObject({ exitCode: 0 });
      const tree = await treeOf(player);
      if (isDeepStrictEqual(tree, builds[other(version)])) version = other(version);
      expect(tree).toEqual(builds[version]);
    }
    await scene.succeed('swarmpatch-launcher', ...move(other(version)));
    expect(await treeOf(player)).toEqual(builds[other(version)]);
    expect(await readdir(join(player, STATE_DIRECTORY))).toEqual(atRest);
  }, 60_000);
});

type Version = '1.0.0' | '1.1.0';
