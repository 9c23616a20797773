import { readdir } from 'node:fs/promises';
import type { PlanOption } from '@swarmpatch/plan';
import { type Build, type BuildFile, randomBytes, seededRandom, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Player } from '../testing/player.contract.ts';
import type { SmallOrigin } from '../testing/small-origin.contract.ts';

const PIECE_BYTES = 16_384;
const random = seededRandom(23);
const file = (path: string, content: Uint8Array): BuildFile => ({ path, content, executable: false });
/** Every piece of the large file is another one. */
const shifted = ([world, ...others]: Build, byBytes: number): Build => [
  ...(world ? [file(world.path, Buffer.concat([randomBytes(random, byBytes), world.content]))] : []),
  ...others,
];
/** One piece of the large file is another one. */
const edited = ([world, ...others]: Build): Build => {
  if (world === undefined) return others;
  const content = Buffer.from(world.content);
  content.set(randomBytes(random, 10), content.length >> 1);
  return [file(world.path, content), ...others];
};

const first = [file('data/world.pak', randomBytes(random, 1_000_000)), file('readme.txt', randomBytes(random, 300))];
const near = edited(first);
const far = shifted(first, 100);
const builds: Readonly<Record<string, Build>> = {
  '1.1.0': far,
  '1.2.0': edited(far),
  '2.0.0': near,
  '2.1.0': shifted(near, 200),
  '3.0.0': edited(first),
  '3.1.0': shifted(edited(first), 300),
};

describe('an update by patches and pieces, one after the other', { timeout: 60_000 }, () => {
  let player: Player;
  let origin: SmallOrigin;

  beforeAll(async () => {
    player = await Player.openInstalled(first);
    ({ origin } = player);
    for (const [version, build] of Object.entries(builds)) await origin.publish(build, version);
    await origin.offerPatch('1.0.0', '1.1.0');
  }, 60_000);
  beforeEach(() => player.restore());
  afterAll(() => player.close());

  async function updateTo(version: string, ...more: string[]): Promise<{ plan: string; errors: string }> {
    const { exitCode, document, errors } = await player.run('update', '--version', version, ...more);
    expect({ exitCode, errors }).toMatchObject({ exitCode: 0 });
    return { plan: String(document['plan']), errors };
  }
  const expectInstalled = async (version: string): Promise<void> => {
    expect(await player.treeOf()).toEqual(summarizeBuild(builds[version] ?? first));
    expect(await readdir(player.pathOf('.swarmpatch'))).not.toContain('staging');
  };
  const stepsTo = async (version: string): Promise<PlanOption['steps'] | undefined> => {
    const { document } = await player.run('plan', '--version', version);
    return (document['options'] as PlanOption[])[0]?.steps;
  };

  it('fetches the few pieces by which a release differs from the one that a patch leads to', async () => {
    expect(await stepsTo('1.2.0')).toEqual([
      { by: 'patch', to: '1.1.0' },
      { by: 'pieces', to: '1.2.0' },
    ]);
    expect((await updateTo('1.2.0')).plan).toBe('patch');
    expect(origin.patchBytes).toBeGreaterThan(0);
    expect(origin.streamedBytes).toBeLessThanOrEqual(2 * PIECE_BYTES);
    await expectInstalled('1.2.0');
    expect((await player.run('status')).document).toMatchObject({ version: '1.2.0', previous: '1.0.0' });
  });

  it('fetches the few pieces by which the release differs that a patch begins with', async () => {
    await origin.offerPatch('2.0.0', '2.1.0');
    expect(await stepsTo('2.1.0')).toEqual([
      { by: 'pieces', to: '2.0.0' },
      { by: 'patch', to: '2.1.0' },
    ]);
    expect((await updateTo('2.1.0')).plan).toBe('patch');
    expect(origin.patchBytes).toBeGreaterThan(0);
    expect(origin.streamedBytes).toBeLessThanOrEqual(2 * PIECE_BYTES);
    await expectInstalled('2.1.0');
  });

  it.each(['1.2.0', '2.1.0'])(
    'is the old release until all of %s is here, and goes on where it was stopped',
    async (version) => {
      await expect(player.updateUntil('patch', version)).rejects.toMatchObject({ name: 'AbortError' });
      expect(await player.treeOf()).toEqual(summarizeBuild(first));
      expect((await updateTo(version)).plan).toBe('patch');
      expect(origin.streamedBytes).toBeLessThanOrEqual(2 * PIECE_BYTES);
      await expectInstalled(version);
    },
  );

  it('fetches the wanted release where the one in between cannot be had', async () => {
    await origin.offerPatch('3.0.0', '3.1.0');
    for (let offset = 0; offset < 1_000_000; offset += PIECE_BYTES) origin.corrupt('3.0.0', offset);
    const { plan, errors } = await updateTo('3.1.0', '--no-peers');
    expect(errors).toMatch(/release 3\.0\.0, which patches begin with, is of no use now: .+; going on without patches/);
    expect(plan).not.toBe('patch');
    await expectInstalled('3.1.0');
  });
});
