import { chmod, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateBuild, nextBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLauncher } from '../testing/launcher-run.contract.ts';
import { Player } from '../testing/player.contract.ts';

const oldBuild = generateBuild(1, { files: 8, largestBytes: 400_000 });
const newBuild = nextBuild(oldBuild, 2);
const oldBytes = oldBuild.reduce((sum, file) => sum + file.content.length, 0);

describe('swarmpatch-launcher', () => {
  let player: Player;

  beforeEach(async () => {
    player = await Player.open(oldBuild);
  });
  afterEach(() => player.close());

  it('installs a release over HTTP alone, byte for byte', async () => {
    const { exitCode, document, errors } = await player.install();
    expect(errors).toContain('tracker udp://192.0.2.1:80/announce is on another host');
    expect({ exitCode, ...document }).toMatchObject({
      exitCode: 0,
      game: 'starfall',
      from: null,
      to: '1.0.0',
      changed: true,
      plan: 'full',
      bytes: { fromPeers: 0, reused: 0 },
    });
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
    expect((await player.run('verify')).document).toEqual({ ok: true, damaged: [], missing: [], extra: [] });
    expect(await readdir(player.pathOf('.swarmpatch'))).toEqual(['files', 'history', 'releases', 'state', 'trust']);
  });

  it("updates with what is on disk, keeps the player's files, and goes back", async () => {
    await player.install();
    await writeFile(player.pathOf('my-save.dat'), 'kept');
    await player.origin.publish(newBuild, '1.1.0');
    const plan = await player.run('plan');
    expect(plan.document).toMatchObject({ from: '1.0.0', to: '1.1.0', chosen: 'pieces' });
    expect(await player.treeOf()).toEqual({ ...summarizeBuild(oldBuild), 'my-save.dat': expect.any(String) as string });

    const { document } = await player.run('update');
    expect(document).toMatchObject({ from: '1.0.0', to: '1.1.0', changed: true, plan: 'pieces' });
    const { fromWebSeeds } = document['bytes'] as { fromWebSeeds: number };
    expect(fromWebSeeds).toBe((plan.document['options'] as { downloadBytes: number }[])[0]?.downloadBytes);
    expect(fromWebSeeds).toBeLessThan(oldBytes * 0.8);
    expect(await player.treeOf()).toEqual({ ...summarizeBuild(newBuild), 'my-save.dat': expect.any(String) as string });

    expect((await player.run('update')).document).toMatchObject({ changed: false, plan: 'none' });
    expect((await player.run('status')).document).toMatchObject({
      version: '1.1.0',
      previous: '1.0.0',
      state: 'installed',
      stale: false,
    });
    const { document: back } = await player.run('rollback');
    expect(back).toMatchObject({ from: '1.1.0', to: '1.0.0', changed: true });
    expect(back).toMatchObject({ bytes: { fromPeers: 0, fromWebSeeds: 0, reused: oldBytes, written: 0 } });
    expect(await player.treeOf()).toEqual({ ...summarizeBuild(oldBuild), 'my-save.dat': expect.any(String) as string });
    expect((await player.run('rollback')).document).toMatchObject({ error: { code: 'no_earlier_release' } });
  });

  it('goes back without an origin while all is kept, keeps what was changed meanwhile, and tells its history', async () => {
    await player.install();
    await player.origin.publish(newBuild, '1.1.0');
    await player.run('update');
    await writeFile(player.pathOf('data/world.pak'), 'mine');
    await player.origin.close();
    await rename(player.pathOf('.swarmpatch/undo'), join(player.scratch, 'undo'));
    expect((await player.run('rollback')).document).toMatchObject({ error: { code: 'origin_unreachable' } });
    await rename(join(player.scratch, 'undo'), player.pathOf('.swarmpatch/undo'));
    const { document, errors } = await player.run('rollback');
    const kept = [{ path: 'data/world.pak', to: '.swarmpatch/kept/1.0.0/data/world.pak' }];
    expect(document).toMatchObject({ to: '1.0.0', bytes: { fromWebSeeds: 0 }, kept });
    expect(errors).toContain('going back with what is on this disk');
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
    expect((await player.run('history')).document).toMatchObject({
      ...{ game: 'starfall', version: '1.0.0' },
      entries: [
        { command: 'rollback', from: '1.1.0', to: '1.0.0', bytes: { fromPeers: 0, fromWebSeeds: 0 } },
        { command: 'update', from: '1.0.0', to: '1.1.0', plan: 'pieces' },
        { command: 'install', from: null, to: '1.0.0', plan: 'full', at: expect.any(String) as string },
      ],
    });
  });

  it('removes what it installed, and the directory that it made when nothing is left there', async () => {
    await player.install();
    await writeFile(player.pathOf('my-save.dat'), 'kept');
    await writeFile(player.pathOf('data/world.pak'), 'changed');
    expect(await player.run('uninstall')).toMatchObject({
      exitCode: 0,
      document: {
        ...{ game: 'starfall', version: '1.0.0', changed: ['data/world.pak'], extra: ['my-save.dat'], kept: [] },
        removedFiles: oldBuild.length - 1,
      },
    });
    expect(Object.keys(await player.treeOf())).toEqual(['data/world.pak', 'my-save.dat']);
    expect(await readdir(player.game)).toEqual(['data', 'my-save.dat']);
    expect((await player.run('uninstall')).document).toMatchObject({ error: { code: 'not_installed' } });

    const other = join(player.scratch, 'other-game');
    await player.install([], { dir: other });
    expect(await runLauncher(['uninstall', '--dir', other])).toMatchObject({ exitCode: 0, document: { extra: [] } });
    expect(await readdir(player.scratch)).not.toContain('other-game');
  });

  it('names damaged pieces and missing files, and fetches just those', async () => {
    await player.install();
    const world = await readFile(player.pathOf('data/world.pak'));
    world.write('DAMAGE', 100_000);
    await writeFile(player.pathOf('data/world.pak'), world);
    await rm(player.pathOf('data/one-byte'));
    const found = await player.run('verify');
    expect(found.exitCode).toBe(1);
    expect(found.document).toEqual({
      ok: false,
      damaged: [{ path: 'data/world.pak', pieces: [6] }],
      missing: ['data/one-byte'],
      extra: [],
    });
    const mended = await player.run('repair');
    const to = '.swarmpatch/kept/1.0.0/data/world.pak';
    expect(mended.document).toMatchObject({
      ...{ ok: true, fetchedBytes: 16_384 + 1, plan: 'pieces', to: '1.0.0' },
      kept: [{ path: 'data/world.pak', to }],
    });
    expect((await readFile(player.pathOf(to))).equals(world)).toBe(true);
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it.skipIf(process.platform === 'win32')('sets an executable bit that is wrong, and says that it did', async () => {
    await player.install();
    await chmod(player.pathOf('bin/starfall'), 0o644);
    const damaged = [{ path: 'bin/starfall', pieces: [] }];
    expect((await player.run('verify')).document).toMatchObject({ ok: false, damaged });
    expect((await player.run('repair')).document).toMatchObject({ damaged, fetchedBytes: 0, changed: true });
    expect((await player.run('repair')).document).toMatchObject({ damaged: [], changed: false });
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('finds damage under an unchanged time, and mends it without keeping what nobody wrote', async () => {
    await player.install();
    const path = player.pathOf('data/world.pak');
    const world = await readFile(path);
    await utimes(path, 1_700_000_000, 1_700_000_000);
    expect((await player.run('verify', '--quick')).document).toMatchObject({ ok: true });
    world[5] = (world[5] ?? 0) ^ 1;
    await writeFile(path, world);
    await utimes(path, 1_700_000_000, 1_700_000_000);
    expect((await player.run('verify', '--quick')).document).toMatchObject({ ok: true });
    const damaged = [{ path: 'data/world.pak', pieces: [0] }];
    expect(await player.run('verify')).toMatchObject({ exitCode: 1, document: { damaged } });
    const { document } = await player.run('repair', '--quick');
    expect(document).toMatchObject({ damaged, fetchedBytes: 16_384, kept: [] });
    expect((await player.run('verify', '--deep')).document).toMatchObject({ ok: true });
    expect(await player.run('verify', '--deep', '--quick')).toMatchObject({ exitCode: 2 });
  });

  it('verifies and tells its status without an origin, and says that it is stale', async () => {
    await player.install();
    await player.origin.close();
    expect((await player.run('status')).document).toMatchObject({ stale: false });
    expect((await player.run('verify')).document).toMatchObject({ ok: true });
    const { exitCode, document } = await player.run('update');
    expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code: 'origin_unreachable' } } });
    expect((await player.run('status')).document).toMatchObject({ version: '1.0.0', stale: true });
  });

  it('refuses news that have expired, and keeps the game', async () => {
    await player.install();
    player.origin.freeze();
    expect((await player.run('update')).document).toMatchObject({ error: { code: 'expired' } });
    expect((await player.run('status')).document).toMatchObject({ version: '1.0.0', state: 'installed', stale: true });
  });

  it('refuses another root before it writes a file of the game', async () => {
    const { exitCode, document } = await runLauncher([
      ...[
        'install',
        'starfall',
        '--origin',
        player.origin.url,
        '--dir',
        player.game,
        '--root-fingerprint',
        '0'.repeat(64),
      ],
    ]);
    expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code: 'wrong_root' } } });
    expect(await player.treeOf()).toEqual({});
  });

  it('pins the root that it saw first when none was given, and says so', async () => {
    const { errors } = await runLauncher(['install', 'starfall', '--origin', player.origin.url, '--dir', player.game]);
    expect(errors).toContain(`root ${player.origin.fingerprint} is pinned`);
    expect((await player.run('status')).document).toMatchObject({
      rootFingerprint: player.origin.fingerprint,
      fingerprintFrom: 'first-use',
    });
    expect((await player.install(['--root-fingerprint', '1'.repeat(64)])).document).toMatchObject({
      error: { code: 'wrong_root' },
    });
  });

  it('keeps no byte that does not match the signed pieces, and goes on when they are right again', async () => {
    player.origin.corrupt('1.0.0', 200_000);
    const bad = await player.install(['--timeout', '2']);
    expect(bad.exitCode).toBe(1);
    expect(await player.treeOf()).toEqual({});
    player.origin.corrupt('1.0.0', 200_000);
    player.origin.streamedBytes = 0;
    const good = await player.install();
    expect(good.exitCode).toBe(0);
    expect(player.origin.streamedBytes).toBeLessThan(oldBytes);
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('gives back the room of an update that is not wanted any more', async () => {
    await player.install();
    await player.origin.publish(newBuild, '1.1.0');
    player.origin.corrupt('1.1.0', 200_000);
    expect((await player.run('update', '--timeout', '1')).exitCode).toBe(1);
    expect(await readdir(player.pathOf('.swarmpatch'))).toContain('staging');
    expect((await player.run('update', '--version', '1.0.0')).document).toMatchObject({ changed: false });
    expect(await readdir(player.pathOf('.swarmpatch'))).not.toContain('staging');
  });

  it('adopts what lies in the directory already', async () => {
    const copy = join(player.scratch, 'copy');
    await player.install([], { dir: copy });
    await rm(join(copy, '.swarmpatch'), { recursive: true });
    const { document } = await player.install([], { dir: copy });
    expect(document).toMatchObject({ plan: 'pieces', bytes: { fromWebSeeds: 0, reused: oldBytes } });
  });

  it('refuses a directory that is no install, and one of another game', async () => {
    expect((await player.run('update')).document).toMatchObject({ error: { code: 'not_installed' } });
    await player.install();
    const other = await runLauncher(['install', 'moonfall', '--origin', player.origin.url, '--dir', player.game]);
    expect(other.document).toMatchObject({ error: { code: 'other_game' } });
  });

  it('serves an install to another launcher, and never bytes that changed', async () => {
    await player.install();
    const world = await readFile(player.pathOf('data/world.pak'));
    world.write('DAMAGE', 100_000);
    await writeFile(player.pathOf('data/world.pak'), world);
    const ender = new AbortController();
    const ready = deferred<Record<string, unknown>>();
    const seeding = runLauncher(['seed', '--dir', player.game, '--listen', '127.0.0.1:0'], {
      signal: ender.signal,
      onOut: (text) => ready.resolve(JSON.parse(text) as Record<string, unknown>),
    });
    const { listen, pieces, pieceCount } = await ready.promise;
    expect(pieces).toBe((pieceCount as number) - 1);
    const second = join(player.scratch, 'second');
    const alone = await player.install(['--peer', String(listen), '--no-web-seeds', '--timeout', '3'], { dir: second });
    expect(alone.document).toMatchObject({ error: { code: 'timed_out' } });
    expect(player.origin.streamedBytes).toBe(oldBytes);
    const { document } = await player.install([], { dir: second });
    expect(document).toMatchObject({ bytes: { fromWebSeeds: 16_384, reused: 0, resumed: oldBytes - 16_384 } });
    expect(await player.treeOf(second)).toEqual(summarizeBuild(oldBuild));
    ender.abort();
    expect((await seeding).exitCode).toBe(0);
  });

  it('updates and verifies an install that is being served, and serves what comes of it', async () => {
    await player.install();
    const ender = new AbortController();
    const ready = deferred<Record<string, unknown>>();
    const seeding = runLauncher(['seed', '--dir', player.game, '--listen', '127.0.0.1:0'], {
      signal: ender.signal,
      onOut: (text) => ready.resolve(JSON.parse(text) as Record<string, unknown>),
      onError: (text) => {
        if (text.includes('now serving')) followed.resolve(undefined);
      },
    });
    const followed = deferred<undefined>();
    const { listen } = await ready.promise;
    expect((await player.run('verify')).document).toMatchObject({ ok: true });
    await player.origin.publish(newBuild, '1.1.0');
    expect((await player.run('update')).document).toMatchObject({ to: '1.1.0', changed: true });
    await followed.promise;
    const second = join(player.scratch, 'second');
    const { document } = await player.install(['--peer', String(listen), '--no-web-seeds', '--timeout', '10'], {
      dir: second,
    });
    expect(document).toMatchObject({ to: '1.1.0', bytes: { fromWebSeeds: 0 } });
    expect(await player.treeOf(second)).toEqual(summarizeBuild(newBuild));
    ender.abort();
    expect((await seeding).exitCode).toBe(0);
  });

  it('serves several installs behind one port', async () => {
    const old = join(player.scratch, 'old');
    await player.install([], { dir: old });
    await player.origin.publish(newBuild, '1.1.0');
    await player.install();
    const ender = new AbortController();
    const ready = deferred<Record<string, unknown>>();
    const seeding = runLauncher(['seed', '--dir', old, '--dir', player.game, '--listen', '127.0.0.1:0'], {
      signal: ender.signal,
      onOut: (text) => ready.resolve(JSON.parse(text) as Record<string, unknown>),
    });
    const { listen, installs } = await ready.promise;
    expect(installs).toMatchObject([{ version: '1.0.0' }, { version: '1.1.0' }]);
    for (const version of ['1.0.0', '1.1.0']) {
      const copy = join(player.scratch, `copy-${version}`);
      const options = ['--version', version, '--peer', String(listen), '--no-web-seeds', '--timeout', '10'];
      expect((await player.install(options, { dir: copy })).document).toMatchObject({
        to: version,
        bytes: { fromWebSeeds: 0 },
      });
    }
    ender.abort();
    expect((await seeding).exitCode).toBe(0);
  });

  it('makes the first files of an install usable before the rest is here', async () => {
    const wanted = Object.keys(summarizeBuild(oldBuild)).find((path) => path.endsWith('.pak')) ?? '';
    const { document, errors } = await player.install(['--play-first', wanted]);
    expect(document).toMatchObject({ changed: true, playableSeconds: expect.any(Number) as number });
    expect(errors).toContain('playable after');
    expect(await readdir(player.pathOf('.swarmpatch'))).not.toContain('playable');
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('transfers nothing out of schedule, and refuses a schedule that is none', async () => {
    const now = new Date();
    const later = (hours: number): string => `${`${(now.getHours() + hours) % 24}`.padStart(2, '0')}:00`;
    const ender = new AbortController();
    const waiting = player.install(['--schedule', `${later(2)}-${later(3)}`], {
      signal: ender.signal,
      onError: (text) => {
        if (text.includes('paused')) setTimeout(() => ender.abort(), 300);
      },
    });
    expect((await waiting).document).toMatchObject({ error: { code: 'interrupted' } });
    expect(player.origin.streamedBytes).toBe(0);
    expect(await player.install(['--schedule', 'at night'])).toMatchObject({ exitCode: 2 });
    expect(await player.install(['--api', '0.0.0.0:0'])).toMatchObject({ exitCode: 2 });
  });
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
