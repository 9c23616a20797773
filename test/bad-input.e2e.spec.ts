import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { type Build, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { bytesOf, treeOf } from './support/installed-tree.ts';
import type { Origin } from './support/origin.ts';
import { commandLine, type CommandRun, type Scene } from './support/scene.ts';
import { openStage } from './support/stage.ts';
import { codeOf, type Studio } from './support/studio.ts';

const NOBODY = 65_534;
const TIMEOUT_MS = 30_000;

// Most of it is waiting for programs to start: the tests play side by side.
describe.concurrent('bad input', { timeout: TIMEOUT_MS }, () => {
  let scene: Scene;
  let origin: Origin;
  let studio: Studio;
  let build: Build;
  let buildDirectory: string;

  beforeAll(async () => {
    const stage = await openStage('bad input', { build: { files: 4, largestBytes: 600_000 } });
    ({ scene, origin, studio, first: build } = stage);
    await studio.publish(build, '1.0.0');
    await studio.publish(stage.second, '2.0.0', '--channel', 'beta');
    buildDirectory = scene.path('build-starfall-1.0.0');
  }, 60_000);
  afterAll(() => scene.close());

  const launch = (...argv: readonly string[]): Promise<CommandRun> => scene.run('swarmpatch-launcher', ...argv);
  const failure = (code: string) => ({ exitCode: 1, document: { error: { code } } });

  /** What players see of the game. */
  const published = async (): Promise<unknown> => (await fetch(`${origin.http}/api/games/starfall`)).json();

  /** Runs a publish that has to fail and to change nothing. */
  async function refusedPublish(path: string, version: string, ...options: readonly string[]): Promise<CommandRun> {
    const before = await published();
    const run = await scene.run('swarmpatch', ...studio.publishing(path, version, ...options));
    expect(await published()).toEqual(before);
    return run;
  }

  describe('to publish', () => {
    const unpublishable: readonly [what: string, code: string, make: (directory: string) => Promise<unknown>][] = [
      ['names that differ in case alone', 'path_collision', (at) => files(at, 'Readme.txt', 'README.TXT')],
      ['a device name of Windows', 'unportable_path', (at) => files(at, 'data/aux.txt')],
      ['a name that ends in a dot', 'unportable_path', (at) => files(at, 'data/level.')],
      ['a character that Windows refuses', 'unportable_path', (at) => files(at, 'what?.txt')],
      ['a link that leaves the build', 'link_outside', (at) => symlink('../secret', join(at, 'link'))],
      ['an absolute link', 'link_outside', (at) => symlink('/etc/passwd', join(at, 'link'))],
    ];
    it.each(unpublishable)('%s: %s', async (what, code, make) => {
      const directory = scene.path(what);
      await files(directory, 'game.bin');
      await make(directory);
      expect(await refusedPublish(directory, '1.1.0')).toMatchObject(failure(code));
    });

    it('a socket: unsupported_file', async () => {
      const directory = scene.path('socket');
      await files(directory, 'game.bin');
      const server = createServer().listen(join(directory, 'socket'));
      await once(server, 'listening');
      try {
        expect(await refusedPublish(directory, '1.1.0')).toMatchObject(failure('unsupported_file'));
      } finally {
        server.close();
      }
    });

    it('a file that may not be read: unreadable', async (test) => {
      const directory = scene.path('unreadable');
      await files(directory, 'game.bin', 'secret.bin');
      await chmod(join(directory, 'secret.bin'), 0);
      const argv = ['torrent', 'create', directory, '--out', scene.path('never.torrent')];
      const run = await runRefusably(test, argv);
      expect({ exitCode: run.status, document: JSON.parse(run.stdout) as unknown }).toMatchObject(
        failure('unreadable'),
      );
    });

    it('a directory that is not there, and one without a file', async () => {
      expect(await refusedPublish(scene.path('nowhere'), '1.1.0')).toMatchObject(failure('not_a_build'));
      await mkdir(scene.path('empty'));
      expect(await refusedPublish(scene.path('empty'), '1.1.0')).toMatchObject(failure('not_a_build'));
    });

    it('a version that is there already: version_exists', async () => {
      expect(await refusedPublish(buildDirectory, '1.0.0')).toMatchObject(failure('version_exists'));
    });

    it('a token that is none, or of another game', async () => {
      const other = await origin.createToken('publish:meteor');
      const nonsense = await refusedPublish(buildDirectory, '1.1.0', '--token', 'nonsense');
      expect(nonsense).toMatchObject(failure('unauthorized'));
      expect(await refusedPublish(buildDirectory, '1.1.0', '--token', other)).toMatchObject(failure('forbidden'));
    });

    it('keys of another game', async () => {
      const keys = scene.path('other-keys');
      await scene.succeed('swarmpatch', 'keys', 'init', '--keys', keys);
      expect(await refusedPublish(buildDirectory, '1.1.0', '--keys', keys)).toMatchObject(failure('wrong_keys'));
    });
  });

  describe('to install', () => {
    it('another root than the pinned one: wrong_root, and nothing written', async () => {
      const player = scene.path('wrong-root');
      const run = await launch(...studio.installing(player, '--root-fingerprint', '0'.repeat(64)));
      expect(run).toMatchObject(failure('wrong_root'));
      expect(await treeOf(player).catch(() => ({}))).toEqual({});
    });

    it.each([
      ['a game', ['install', 'unknown'], 'game_not_found'],
      ['a version', ['install', 'starfall', '--version', '9.9.9'], 'release_not_found'],
      ['a channel', ['install', 'starfall', '--channel', 'nightly'], 'channel_not_found'],
    ])('%s that the origin does not have', async (what, argv, code) => {
      const player = scene.path(`none-${what}`);
      expect(await launch(...argv, '--origin', origin.http, '--dir', player)).toMatchObject(failure(code));
      expect(await treeOf(player).catch(() => ({}))).toEqual({});
    });

    it('commands for a directory without an install: not_installed', async () => {
      for (const command of ['update', 'verify', 'status', 'seed'])
        expect(await launch(command, '--dir', buildDirectory)).toMatchObject(failure('not_installed'));
      expect(await treeOf(buildDirectory)).toEqual(summarizeBuild(build));
    });
  });

  describe('from a server', () => {
    it('that is gone: origin_unreachable', async () => {
      const server = createServer();
      const closed = await listen(server);
      server.close();
      const install = studio.installing(scene.path('no-origin'), '--origin', closed);
      expect(await launch(...install)).toMatchObject(failure('origin_unreachable'));
      const run = await refusedPublish(buildDirectory, '1.1.0', '--origin', closed);
      expect(run).toMatchObject(failure('origin_unreachable'));
    });

    it.each([
      ['fails', 500, 'out of order'],
      ['is a web site', 200, '<html></html>'],
    ])('that %s: a named error', async (what, status, body) => {
      const server = createHttpServer((_, reply) => reply.writeHead(status).end(body));
      try {
        const player = scene.path(what);
        const run = await launch(...studio.installing(player, '--origin', await listen(server)));
        expect(run.exitCode).toBe(1);
        expect(codeOf(run)).toMatch(/^(?!internal$)[a-z][a-z0-9_]*$/);
        expect(await treeOf(player).catch(() => ({}))).toEqual({});
      } finally {
        server.close();
      }
    });
  });

  it('a malformed torrent is refused by name, and nothing is written', async () => {
    const torrent = scene.path('good.torrent');
    await scene.succeed('swarmpatch', 'torrent', 'create', buildDirectory, '--out', torrent, '--format', 'v1');
    const good = await readFile(torrent, 'latin1');
    const malformed: readonly [name: string, text: string][] = [
      ['empty', ''],
      ['page', '<html></html>'],
      ['cut', good.slice(0, -10)],
      ['longer', `${good}e`],
      ['climbing', good.replace('4:pathl3:bin8:starfalle', '4:pathl2:..9:starfall.e')],
    ];
    for (const [name, text] of malformed) {
      const file = scene.path(`${name}.torrent`);
      await writeFile(file, text, 'latin1');
      const target = scene.path(`download-${name}`);
      await mkdir(target);
      for (const run of [
        await scene.run('swarmpatch', 'torrent', 'show', file),
        await launch('download', file, '--dir', target, '--timeout', '5'),
      ]) {
        expect(run.exitCode, name).toBe(1);
        expect(codeOf(run), name).toMatch(/^(not_a_torrent|bad_path|bencode_[a-z_]+)$/);
      }
      expect(await readdir(target)).toEqual([]);
    }
  });

  it('a full disk stops an install and an update before they change anything', async (test) => {
    const size = bytesOf(build);
    for (const [spareBytes, command] of [
      [-size / 2, 'install'],
      [size * 0.4, 'update'],
    ] as const) {
      const disk = await mountDisk(test, scene.path(`disk-${command}`), Math.floor(size + spareBytes));
      try {
        const player = join(disk, 'player');
        const install = await launch(...studio.installing(player));
        const run = command === 'install' ? install : await launch('update', '--dir', player, '--version', '2.0.0');
        expect(run).toMatchObject(failure('disk_full'));
        expect(await treeOf(player).catch(() => ({}))).toEqual(command === 'install' ? {} : summarizeBuild(build));
      } finally {
        spawnSync('umount', [disk]);
      }
    }
  });

  it.each([
    ['swarmpatch', ['publish']],
    ['swarmpatch', ['release', 'show', 'v1.0.0', '--game', 'g', '--origin', 'http://127.0.0.1']],
    ['swarmpatch', ['torrent', 'create', '.', '--out', 'x', '--piece-length', 'many']],
    ['swarmpatch', ['torrent', 'create', '.', '--out', 'x', '--format', 'v3']],
    ['swarmpatch', ['no-such-command']],
    ['swarmpatch-launcher', ['update', '--dir', '.', '--no-such-option']],
    ['swarmpatch-launcher', ['install', 'g', '--origin', 'http://127.0.0.1', '--dir', '.', '--peer', 'nowhere']],
    ['swarmpatch-origin', ['start', '--data', '.', '--http', '127.0.0.1:99999']],
  ] as const)('%s %j is wrong usage', async (command, argv) => {
    expect(await scene.run(command, ...argv)).toMatchObject({ exitCode: 2, document: { error: { code: 'usage' } } });
  });

  /** Runs `swarmpatch` as a user whom a file's mode can refuse. */
  async function runRefusably(
    test: TestContext,
    argv: readonly string[],
  ): Promise<{ status: number | null; stdout: string }> {
    const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const run = (...more: readonly string[]) =>
      spawnSync(process.execPath, commandLine('swarmpatch', ...more), { ...user, cwd: '/', encoding: 'utf8' });
    await chmod(scene.directory, 0o755);
    if (run('--version').status !== 0) return test.skip('root reads every file, and nobody cannot read this checkout');
    return run(...argv);
  }
});

/** Writes files of a few bytes, each with its own name in it. */
async function files(directory: string, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), `content of ${path}`);
  }
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening socket has no port');
  return `http://127.0.0.1:${address.port}`;
}

/** A small disk of its own. Only root can have one: the test is skipped without, and fails where root has none and CI is set. */
async function mountDisk(test: TestContext, path: string, sizeBytes: number): Promise<string> {
  if (process.getuid?.() !== 0) return test.skip('only root can mount a small disk');
  await mkdir(path);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path], { encoding: 'utf8' });
  if (mounted.status === 0) return path;
  if (process.env['CI'] !== undefined) throw new Error(`mount a small disk: ${mounted.stderr}`);
  return test.skip('no small disk can be mounted here');
}
