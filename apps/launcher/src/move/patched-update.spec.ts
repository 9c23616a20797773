import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEPT_PATCH_DAYS_MAX } from '@swarmpatch/install';
import { PATCH_START_SECONDS, type PlanOption } from '@swarmpatch/plan';
import { type CommandContext, CommandInput } from '@swarmpatch/terminal';
import { type Build, generateBuild, nextBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { update } from '../commands/update.ts';
import { SeededInstall, SERVE_ANEW_MS } from '../seed/seeded-install.ts';
import { runLauncher } from '../testing/launcher-run.contract.ts';
import { Player } from '../testing/player.contract.ts';
import type { SmallOrigin } from '../testing/small-origin.contract.ts';
import { readTransferSettings } from '../transfer-options.ts';
import { CommandTransfers } from '../transfers/command-transfers.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const quiet: CommandContext = {
  ...{ json: true, progress: { phase: () => ({ update: () => undefined, end: () => undefined }) } },
  ...{ signal: new AbortController().signal, warn: () => undefined, emit: () => undefined },
  nowMs: () => performance.now(),
};
const first = generateBuild(3, { files: 8, largestBytes: 400_000 });
const second = nextBuild(first, 4);
const third = nextBuild(second, 5);

describe('an update by patches', { timeout: 60_000 }, () => {
  let player: Player;
  let origin: SmallOrigin;
  let patchBytes: number;

  beforeAll(async () => {
    player = await Player.openInstalled(first);
    ({ origin } = player);
    await origin.publish(second, '1.1.0');
    patchBytes = await origin.offerPatch('1.0.0', '1.1.0');
  }, 60_000);
  beforeEach(() => player.restore());
  afterAll(() => player.close());

  async function updateTo(version: string, ...more: string[]): Promise<Updated> {
    const { exitCode, document, errors } = await player.run('update', '--version', version, ...more);
    expect({ exitCode, errors }).toMatchObject({ exitCode: 0 });
    return { ...(document as unknown as Omit<Updated, 'errors'>), errors };
  }
  /** Without what the newer release could be put together from again. */
  async function goBack(): Promise<void> {
    expect((await player.run('rollback')).document).toMatchObject({ to: '1.0.0' });
    await rm(player.pathOf('.swarmpatch/undo'), { recursive: true, force: true });
  }
  const expectInstalled = async (build: Build): Promise<void> =>
    expect(await player.treeOf()).toEqual(summarizeBuild(build));
  const kept = async (): Promise<string[]> => (await readdir(player.pathOf('.swarmpatch/patches'))).sort();

  it('fetches the patch and nothing else, and keeps it', async () => {
    expect((await player.run('plan', '--version', '1.1.0')).document).toMatchObject({ chosen: 'patch' });
    const { plan, bytes } = await updateTo('1.1.0');
    expect({ plan, fromWebSeeds: bytes.fromWebSeeds }).toEqual({ plan: 'patch', fromWebSeeds: patchBytes });
    expect(origin.streamedBytes).toBe(0);
    await expectInstalled(second);
    expect((await kept()).map((name) => name.replace(/^[0-9a-f]{64}/, ''))).toEqual(['', '.patch', '.torrent']);
    expect((await player.run('verify', '--deep')).document).toMatchObject({ ok: true });
    expect((await player.run('rollback')).document).toMatchObject({ to: '1.0.0' });
    await expectInstalled(first);
  });

  it('is planned for the rate that the player allows', async () => {
    const { document } = await player.run('plan', '--version', '1.1.0', '--max-download', '100KB');
    const [{ downloadBytes, cost }] = document['options'] as [PlanOption];
    expect(cost.downloadSeconds).toBeCloseTo(downloadBytes / 100_000 + PATCH_START_SECONDS);
  });

  it('fetches no patch again that it keeps', async () => {
    await updateTo('1.1.0');
    await goBack();
    origin.patchBytes = 0;
    const { plan, bytes } = await updateTo('1.1.0');
    expect({ plan, fromWebSeeds: bytes.fromWebSeeds, sent: origin.patchBytes }).toEqual({
      plan: 'patch',
      fromWebSeeds: 0,
      sent: 0,
    });
    await expectInstalled(second);
  });

  it('serves the patch that it keeps until it is old, however long it stays on', async () => {
    await updateTo('1.1.0');
    const context = { ...quiet, nowMs: () => nowMs };
    let nowMs = 0;
    const texts = new Map(['no-dht', 'no-lan', 'no-port-mapping', 'no-peers'].map((name) => [name, ['true']]));
    const settings = readTransferSettings(new CommandInput(update, [], texts.set('dir', [player.game])));
    const transfers = await CommandTransfers.open(settings, player.pathOf('.swarmpatch'), context);
    try {
      const serving = await SeededInstall.open(player.game, transfers, context);
      expect(serving.seeding).toMatchObject({ version: '1.1.0', patches: 1 });
      const old = new Date(Date.now() - KEPT_PATCH_DAYS_MAX * DAY_MS);
      for (const name of await kept()) await utimes(player.pathOf(`.swarmpatch/patches/${name}`), old, old);
      expect(await serving.follow()).toBe(false);
      nowMs += SERVE_ANEW_MS;
      expect(await serving.follow()).toBe(true);
      expect(serving.seeding).toMatchObject({ version: '1.1.0', patches: 0 });
      await expect(kept()).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await serving.follow()).toBe(false);
      await serving.stop();
    } finally {
      await transfers.close();
    }
  });

  it('fetches as pieces what a changed old file would have given', async () => {
    const path = player.pathOf('data/world.pak');
    const world = await readFile(path);
    const like = join(player.scratch, 'like');
    // By its length and time, nothing was changed.
    spawnSync('touch', ['-r', path, like]);
    world.fill(7, 1000, 1100);
    await writeFile(path, world);
    spawnSync('touch', ['-r', like, path]);
    const { plan, errors } = await updateTo('1.1.0');
    expect(plan).toBe('patch');
    expect(errors).toMatch(/the patch does not make .*; what is missing is fetched/);
    expect(origin.streamedBytes).toBeGreaterThan(0);
    await expectInstalled(second);
  });

  it('goes on without a patch that the web seed has damaged', async () => {
    const mend = origin.spoilPatch('1.0.0', '1.1.0', 'change');
    const { plan, errors } = await updateTo('1.1.0', '--no-peers').finally(mend);
    expect(plan).toBe('pieces');
    expect(errors).toContain('going on without patches');
    await expectInstalled(second);
  });

  it('goes on without a patch that nobody has', async () => {
    const mend = origin.spoilPatch('1.0.0', '1.1.0', 'remove');
    const { plan, errors } = await updateTo('1.1.0', '--timeout', '4').finally(mend);
    expect(plan).toBe('pieces');
    expect(errors).toMatch(
      /the patch from 1\.0\.0 to 1\.1\.0 is of no use now: it did not come in time: .+; going on without patches: .+ come as pieces instead/,
    );
    expect(errors).not.toContain('run it again');
    await expectInstalled(second);
  });

  it('gets the torrent of a patch from those who keep the patch where the origin has none to give', async () => {
    const giver = join(player.scratch, 'giver');
    spawnSync('cp', ['-a', player.game, giver]);
    await runLauncher(['update', '--dir', giver, '--version', '1.1.0']);
    const stop = new AbortController();
    const mend = origin.failTorrents();
    let seeding: Promise<unknown> | undefined;
    try {
      const listen = await new Promise<string>((resolve) => {
        const onOut = (line: string): void => resolve(String((JSON.parse(line) as { listen?: unknown }).listen));
        const argv = ['seed', '--dir', giver, '--listen', '127.0.0.1:0'];
        seeding = runLauncher(argv, { signal: stop.signal, onOut });
      });
      expect((await updateTo('1.1.0', '--peer', listen)).plan).toBe('patch');
      await expectInstalled(second);
    } finally {
      mend();
      stop.abort();
      await seeding;
    }
  });

  it.each([
    ['download', 2],
    ['patch', 1],
  ])('leaves the old release when it is stopped in the phase %s, and goes on', async (phase, fetchesMax) => {
    await expect(player.updateUntil(phase, '1.1.0')).rejects.toMatchObject({ name: 'AbortError' });
    await expectInstalled(first);
    expect((await updateTo('1.1.0')).plan).toBe('patch');
    expect(origin.patchBytes).toBeLessThanOrEqual(fetchesMax * patchBytes);
    await expectInstalled(second);
  });

  describe('of an origin that changes what it offers', () => {
    it('goes through the release between in one commit', async () => {
      await origin.publish(third, '1.2.0');
      const bothBytes = (await origin.offerPatch('1.0.0', '1.1.0')) + (await origin.offerPatch('1.1.0', '1.2.0'));
      const { plan, from, to, bytes: moved } = await updateTo('1.2.0');
      expect({ plan, from, to, fromWebSeeds: moved.fromWebSeeds }).toEqual({
        plan: 'patch',
        from: '1.0.0',
        to: '1.2.0',
        fromWebSeeds: bothBytes,
      });
      expect(origin.streamedBytes).toBe(0);
      await expectInstalled(third);
      expect((await player.run('status')).document).toMatchObject({ previous: '1.0.0' });
      expect(await readdir(player.pathOf('.swarmpatch'))).not.toContain('staging');
    });

    it('goes on with other patches when one turns out to be none, and without it from then on', async () => {
      await origin.offerPatch('1.0.0', '1.2.0', noPatch);
      const { plan, errors } = await updateTo('1.2.0');
      expect(plan).toBe('patch');
      expect(errors).toMatch(
        /the patch from 1\.0\.0 to 1\.2\.0 is of no use now: .+; going on with patch by way of 1\.1\.0: .+ to fetch/,
      );
      expect(origin.streamedBytes).toBe(0);
      await expectInstalled(third);
      await goBack();
      expect((await updateTo('1.2.0')).errors).not.toContain('of no use');
    });

    it('goes on without patches when those that are left are of no use, too', async () => {
      await origin.offerPatch('1.0.0', '1.2.0', noPatch);
      await origin.offerPatch('1.1.0', '1.2.0', noPatch);
      const mend = origin.spoilPatch('1.0.0', '1.1.0', 'change');
      const { plan, errors } = await updateTo('1.2.0', '--no-peers').finally(mend);
      expect(plan).toBe('pieces');
      expect(errors).toMatch(/going on with patch by way of 1\.1\.0[^]+going on without patches/);
      await expectInstalled(third);
    });

    it('goes on without a patch that makes other bytes than were signed', async () => {
      const lieBytes = await origin.offerPatch('1.0.0', '1.1.0', (patch) => {
        const quarter = Math.floor(patch.length / 4);
        patch.fill(0x55, quarter, 3 * quarter);
        return patch;
      });
      const { errors } = await updateTo('1.1.0');
      expect(errors).toMatch(/the patch does not make|going on without patches/);
      expect(origin.patchBytes).toBe(lieBytes);
      await expectInstalled(second);
    });

    it('goes on without what is no patch at all, and does not fetch it twice', async () => {
      await origin.offerPatch('1.0.0', '1.1.0', noPatch);
      const { plan, errors } = await updateTo('1.1.0');
      expect(plan).toBe('pieces');
      expect(errors).toContain('going on without patches');
      await expectInstalled(second);
      await goBack();
      origin.patchBytes = 0;
      expect((await updateTo('1.1.0')).plan).toBe('pieces');
      expect(origin.patchBytes).toBe(0);
    });
  });
});

function noPatch(patch: Buffer): Buffer {
  return Buffer.alloc(patch.length, 'no patch');
}

interface Updated {
  plan: string;
  from: string;
  to: string;
  bytes: { fromPeers: number; fromWebSeeds: number; reused: number; written: number };
  errors: string;
}
