import { chmod, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateBuild, nextBuild, readBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLauncher, type LauncherRun } from '../testing/launcher-run.contract.ts';
import { SmallOrigin } from '../testing/small-origin.contract.ts';

const oldBuild = generateBuild(1, { files: 8, largestBytes: 400_000 });
const newBuild = nextBuild(oldBuild, 2);
const oldBytes = oldBuild.reduce((sum, file) => sum + file.content.length, 0);

describe('swarmpatch-launcher', () => {
  let scratch: string;
  let game: string;
  let origin: SmallOrigin;

  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'swarmpatch-launcher-'));
    game = join(scratch, 'game');
    origin = await SmallOrigin.start(join(scratch, 'builds'));
    await origin.publish(oldBuild, '1.0.0');
  });
  afterEach(async () => {
    await origin.close();
    await rm(scratch, { recursive: true, force: true });
  });

  const install = (directory = game, ...more: string[]): Promise<LauncherRun> =>
    runLauncher([
      'install',
      'starfall',
      '--origin',
      origin.url,
      '--dir',
      directory,
      '--root-fingerprint',
      origin.fingerprint,
      ...more,
    ]);
  const run = (command: string, ...more: string[]): Promise<LauncherRun> =>
    runLauncher([command, '--dir', game, ...more]);
  const treeOf = async (directory = game): Promise<Record<string, string>> =>
    summarizeBuild(await readBuild(directory, { skip: ['.swarmpatch'] }));
  const pathOf = (path: string): string => join(game, path);

  it('installs a release over HTTP alone, byte for byte', async () => {
    const { exitCode, document, errors } = await install();
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
    expect(await treeOf()).toEqual(summarizeBuild(oldBuild));
    expect((await run('verify')).document).toEqual({ ok: true, damaged: [], missing: [], extra: [] });
    expect(await readdir(pathOf('.swarmpatch'))).toEqual(['files', 'history', 'releases', 'state', 'trust']);
  });

  it("updates with what is on disk, keeps the player's files, and goes back", async () => {
    await install();
    await writeFile(pathOf('my-save.dat'), 'kept');
    await origin.publish(newBuild, '1.1.0');
    const plan = await run('plan');
    expect(plan.document).toMatchObject({ from: '1.0.0', to: '1.1.0', chosen: 'pieces' });
    expect(await treeOf()).toEqual({ ...summarizeBuild(oldBuild), 'my-save.dat': expect.any(String) as string });

    const { document } = await run('update');
    expect(document).toMatchObject({ from: '1.0.0', to: '1.1.0', changed: true, plan: 'pieces' });
    const { fromWebSeeds } = document['bytes'] as { fromWebSeeds: number };
    expect(fromWebSeeds).toBe((plan.document['options'] as { downloadBytes: number }[])[0]?.downloadBytes);
    expect(fromWebSeeds).toBeLessThan(oldBytes * 0.8);
    expect(await treeOf()).toEqual({ ...summarizeBuild(newBuild), 'my-save.dat': expect.any(String) as string });

    expect((await run('update')).document).toMatchObject({ changed: false, plan: 'none' });
    expect((await run('status')).document).toMatchObject({
      version: '1.1.0',
      previous: '1.0.0',
      state: 'installed',
      stale: false,
    });
    const { document: back } = await run('rollback');
    expect(back).toMatchObject({ from: '1.1.0', to: '1.0.0', changed: true });
    expect(back).toMatchObject({ bytes: { fromPeers: 0, fromWebSeeds: 0, reused: oldBytes, written: 0 } });
    expect(await treeOf()).toEqual({ ...summarizeBuild(oldBuild), 'my-save.dat': expect.any(String) as string });
    expect((await run('rollback')).document).toMatchObject({ error: { code: 'no_earlier_release' } });
  });

  it('goes back without an origin while all is kept, keeps what was changed meanwhile, and tells its history', async () => {
    await install();
    await origin.publish(newBuild, '1.1.0');
    await run('update');
    await writeFile(pathOf('data/world.pak'), 'mine');
    await origin.close();
    await rename(pathOf('.swarmpatch/undo'), join(scratch, 'undo'));
    expect((await run('rollback')).document).toMatchObject({ error: { code: 'origin_unreachable' } });
    await rename(join(scratch, 'undo'), pathOf('.swarmpatch/undo'));
    const { document, errors } = await run('rollback');
    const kept = [{ path: 'data/world.pak', to: '.swarmpatch/kept/1.0.0/data/world.pak' }];
    expect(document).toMatchObject({ to: '1.0.0', bytes: { fromWebSeeds: 0 }, kept });
    expect(errors).toContain('going back with what is on this disk');
    expect(await treeOf()).toEqual(summarizeBuild(oldBuild));
    expect((await run('history')).document).toMatchObject({
      ...{ game: 'starfall', version: '1.0.0' },
      entries: [
        { command: 'rollback', from: '1.1.0', to: '1.0.0', bytes: { fromPeers: 0, fromWebSeeds: 0 } },
        { command: 'update', from: '1.0.0', to: '1.1.0', plan: 'pieces' },
        { command: 'install', from: null, to: '1.0.0', plan: 'full', at: expect.any(String) as string },
      ],
    });
    origin = await SmallOrigin.start(join(scratch, 'other'));
  });

  it('removes what it installed, and the directory that it made when nothing is left there', async () => {
    await install();
    await writeFile(pathOf('my-save.dat'), 'kept');
    await writeFile(pathOf('data/world.pak'), 'changed');
    expect(await run('uninstall')).toMatchObject({
      exitCode: 0,
      document: {
        ...{ game: 'starfall', version: '1.0.0', changed: ['data/world.pak'], extra: ['my-save.dat'], kept: [] },
        removedFiles: oldBuild.length - 1,
      },
    });
    expect(Object.keys(await treeOf())).toEqual(['data/world.pak', 'my-save.dat']);
    expect(await readdir(game)).toEqual(['data', 'my-save.dat']);
    expect((await run('uninstall')).document).toMatchObject({ error: { code: 'not_installed' } });

    const other = join(scratch, 'other-game');
    await install(other);
    expect(await runLauncher(['uninstall', '--dir', other])).toMatchObject({ exitCode: 0, document: { extra: [] } });
    expect(await readdir(scratch)).not.toContain('other-game');
  });

  it('names damaged pieces and missing files, and fetches just those', async () => {
    await install();
    const world = await readFile(pathOf('data/world.pak'));
    world.write('DAMAGE', 100_000);
    await writeFile(pathOf('data/world.pak'), world);
    await rm(pathOf('data/one-byte'));
    const found = await run('verify');
    expect(found.exitCode).toBe(1);
    expect(found.document).toEqual({
      ok: false,
      damaged: [{ path: 'data/world.pak', pieces: [6] }],
      missing: ['data/one-byte'],
      extra: [],
    });
    const mended = await run('repair');
    const to = '.swarmpatch/kept/1.0.0/data/world.pak';
    expect(mended.document).toMatchObject({
      ...{ ok: true, fetchedBytes: 16_384 + 1, plan: 'pieces', to: '1.0.0' },
      kept: [{ path: 'data/world.pak', to }],
    });
    expect((await readFile(pathOf(to))).equals(world)).toBe(true);
    expect(await treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it.skipIf(process.platform === 'win32')('sets an executable bit that is wrong, and says that it did', async () => {
    await install();
    await chmod(pathOf('bin/starfall'), 0o644);
    const damaged = [{ path: 'bin/starfall', pieces: [] }];
    expect((await run('verify')).document).toMatchObject({ ok: false, damaged });
    expect((await run('repair')).document).toMatchObject({ damaged, fetchedBytes: 0, changed: true });
    expect((await run('repair')).document).toMatchObject({ damaged: [], changed: false });
    expect(await treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('finds damage under an unchanged time, and mends it without keeping what nobody wrote', async () => {
    await install();
    const path = pathOf('data/world.pak');
    const world = await readFile(path);
    await utimes(path, 1_700_000_000, 1_700_000_000);
    expect((await run('verify', '--quick')).document).toMatchObject({ ok: true });
    world[5] = (world[5] ?? 0) ^ 1;
    await writeFile(path, world);
    await utimes(path, 1_700_000_000, 1_700_000_000);
    expect((await run('verify', '--quick')).document).toMatchObject({ ok: true });
    const damaged = [{ path: 'data/world.pak', pieces: [0] }];
    expect(await run('verify')).toMatchObject({ exitCode: 1, document: { damaged } });
    const { document } = await run('repair', '--quick');
    expect(document).toMatchObject({ damaged, fetchedBytes: 16_384, kept: [] });
    expect((await run('verify', '--deep')).document).toMatchObject({ ok: true });
    expect(await run('verify', '--deep', '--quick')).toMatchObject({ exitCode: 2 });
  });

  it('verifies and tells its status without an origin, and says that it is stale', async () => {
    await install();
    await origin.close();
    expect((await run('status')).document).toMatchObject({ stale: false });
    expect((await run('verify')).document).toMatchObject({ ok: true });
    const { exitCode, document } = await run('update');
    expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code: 'origin_unreachable' } } });
    expect((await run('status')).document).toMatchObject({ version: '1.0.0', stale: true });
    origin = await SmallOrigin.start(join(scratch, 'other'));
  });

  it('refuses news that have expired, and keeps the game', async () => {
    await install();
    origin.freeze();
    expect((await run('update')).document).toMatchObject({ error: { code: 'expired' } });
    expect((await run('status')).document).toMatchObject({ version: '1.0.0', state: 'installed', stale: true });
  });

  it('refuses another root before it writes a file of the game', async () => {
    const { exitCode, document } = await runLauncher([
      ...['install', 'starfall', '--origin', origin.url, '--dir', game, '--root-fingerprint', '0'.repeat(64)],
    ]);
    expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code: 'wrong_root' } } });
    expect(await treeOf()).toEqual({});
  });

  it('pins the root that it saw first when none was given, and says so', async () => {
    const { errors } = await runLauncher(['install', 'starfall', '--origin', origin.url, '--dir', game]);
    expect(errors).toContain(`root ${origin.fingerprint} is pinned`);
    expect((await run('status')).document).toMatchObject({
      rootFingerprint: origin.fingerprint,
      fingerprintFrom: 'first-use',
    });
    expect((await install(game, '--root-fingerprint', '1'.repeat(64))).document).toMatchObject({
      error: { code: 'wrong_root' },
    });
  });

  it('keeps no byte that does not match the signed pieces, and goes on when they are right again', async () => {
    origin.corrupt('1.0.0', 200_000);
    const bad = await install(game, '--timeout', '2');
    expect(bad.exitCode).toBe(1);
    expect(await treeOf()).toEqual({});
    origin.corrupt('1.0.0', 200_000);
    origin.streamedBytes = 0;
    const good = await install();
    expect(good.exitCode).toBe(0);
    expect(origin.streamedBytes).toBeLessThan(oldBytes);
    expect(await treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('gives back the room of an update that is not wanted any more', async () => {
    await install();
    await origin.publish(newBuild, '1.1.0');
    origin.corrupt('1.1.0', 200_000);
    expect((await run('update', '--timeout', '1')).exitCode).toBe(1);
    expect(await readdir(pathOf('.swarmpatch'))).toContain('staging');
    expect((await run('update', '--version', '1.0.0')).document).toMatchObject({ changed: false });
    expect(await readdir(pathOf('.swarmpatch'))).not.toContain('staging');
  });

  it('adopts what lies in the directory already', async () => {
    await install(join(scratch, 'copy'));
    await rm(join(scratch, 'copy', '.swarmpatch'), { recursive: true });
    const { document } = await install(join(scratch, 'copy'));
    expect(document).toMatchObject({ plan: 'pieces', bytes: { fromWebSeeds: 0, reused: oldBytes } });
  });

  it('refuses a directory that is no install, and one of another game', async () => {
    expect((await run('update')).document).toMatchObject({ error: { code: 'not_installed' } });
    await install();
    const other = await runLauncher(['install', 'moonfall', '--origin', origin.url, '--dir', game]);
    expect(other.document).toMatchObject({ error: { code: 'other_game' } });
  });

  it('serves an install to another launcher, and never bytes that changed', async () => {
    await install();
    const world = await readFile(pathOf('data/world.pak'));
    world.write('DAMAGE', 100_000);
    await writeFile(pathOf('data/world.pak'), world);
    const ender = new AbortController();
    const ready = deferred<Record<string, unknown>>();
    const seeding = runLauncher(['seed', '--dir', game, '--listen', '127.0.0.1:0'], {
      signal: ender.signal,
      onOut: (text) => ready.resolve(JSON.parse(text) as Record<string, unknown>),
    });
    const { listen, pieces, pieceCount } = await ready.promise;
    expect(pieces).toBe((pieceCount as number) - 1);
    const second = join(scratch, 'second');
    const alone = await install(second, '--peer', String(listen), '--no-web-seeds', '--timeout', '3');
    expect(alone.document).toMatchObject({ error: { code: 'timed_out' } });
    expect(origin.streamedBytes).toBe(oldBytes);
    const { document } = await install(second);
    expect(document).toMatchObject({ bytes: { fromWebSeeds: 16_384, reused: 0, resumed: oldBytes - 16_384 } });
    expect(await treeOf(second)).toEqual(summarizeBuild(oldBuild));
    ender.abort();
    expect((await seeding).exitCode).toBe(0);
  });

  it('updates and verifies an install that is being served, and serves what comes of it', async () => {
    await install();
    const ender = new AbortController();
    const ready = deferred<Record<string, unknown>>();
    const seeding = runLauncher(['seed', '--dir', game, '--listen', '127.0.0.1:0'], {
      signal: ender.signal,
      onOut: (text) => ready.resolve(JSON.parse(text) as Record<string, unknown>),
      onError: (text) => {
        if (text.includes('now serving')) followed.resolve(undefined);
      },
    });
    const followed = deferred<undefined>();
    const { listen } = await ready.promise;
    expect((await run('verify')).document).toMatchObject({ ok: true });
    await origin.publish(newBuild, '1.1.0');
    expect((await run('update')).document).toMatchObject({ to: '1.1.0', changed: true });
    await followed.promise;
    const second = join(scratch, 'second');
    const { document } = await install(second, '--peer', String(listen), '--no-web-seeds', '--timeout', '10');
    expect(document).toMatchObject({ to: '1.1.0', bytes: { fromWebSeeds: 0 } });
    expect(await treeOf(second)).toEqual(summarizeBuild(newBuild));
    ender.abort();
    expect((await seeding).exitCode).toBe(0);
  });

  it('serves several installs behind one port', async () => {
    const old = join(scratch, 'old');
    await install(old);
    await origin.publish(newBuild, '1.1.0');
    await install();
    const ender = new AbortController();
    const ready = deferred<Record<string, unknown>>();
    const seeding = runLauncher(['seed', '--dir', old, '--dir', game, '--listen', '127.0.0.1:0'], {
      signal: ender.signal,
      onOut: (text) => ready.resolve(JSON.parse(text) as Record<string, unknown>),
    });
    const { listen, installs } = await ready.promise;
    expect(installs).toMatchObject([{ version: '1.0.0' }, { version: '1.1.0' }]);
    for (const version of ['1.0.0', '1.1.0']) {
      const copy = join(scratch, `copy-${version}`);
      const options = ['--version', version, '--peer', String(listen), '--no-web-seeds', '--timeout', '10'];
      expect((await install(copy, ...options)).document).toMatchObject({ to: version, bytes: { fromWebSeeds: 0 } });
    }
    ender.abort();
    expect((await seeding).exitCode).toBe(0);
  });

  it('makes the first files of an install usable before the rest is here', async () => {
    const wanted = Object.keys(summarizeBuild(oldBuild)).find((path) => path.endsWith('.pak')) ?? '';
    const { document, errors } = await install(game, '--play-first', wanted);
    expect(document).toMatchObject({ changed: true, playableSeconds: expect.any(Number) as number });
    expect(errors).toContain('playable after');
    expect(await readdir(pathOf('.swarmpatch'))).not.toContain('playable');
    expect(await treeOf()).toEqual(summarizeBuild(oldBuild));
  });

  it('transfers nothing out of schedule, and refuses a schedule that is none', async () => {
    const now = new Date();
    const later = (hours: number): string => `${`${(now.getHours() + hours) % 24}`.padStart(2, '0')}:00`;
    const ender = new AbortController();
    const waiting = runLauncher(
      [
        ...['install', 'starfall', '--origin', origin.url, '--dir', game, '--root-fingerprint', origin.fingerprint],
        ...['--schedule', `${later(2)}-${later(3)}`],
      ],
      {
        signal: ender.signal,
        onError: (text) => {
          if (text.includes('paused')) setTimeout(() => ender.abort(), 300);
        },
      },
    );
    expect((await waiting).document).toMatchObject({ error: { code: 'interrupted' } });
    expect(origin.streamedBytes).toBe(0);
    expect(await install(game, '--schedule', 'at night')).toMatchObject({ exitCode: 2 });
    expect(await install(game, '--api', '0.0.0.0:0')).toMatchObject({ exitCode: 2 });
  });
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
