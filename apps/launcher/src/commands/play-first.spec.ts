import { lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';

import { generateBuild, nextBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type LauncherRun, runLauncher } from '../testing/launcher-run.contract.ts';
import { Player } from '../testing/player.contract.ts';

const oldBuild = generateBuild(1, { files: 8, largestBytes: 400_000 });
const newBuild = nextBuild(oldBuild, 2);
/** Slow enough for something to be missing when the first files are there. */
const SLOWLY = ['--max-download', '1MB'];

describe('files that come first', () => {
  let player: Player;

  beforeEach(async () => {
    player = await Player.open(oldBuild);
  });
  afterEach(() => player.close());

  const playableOf = (path: string): string => player.pathOf(`.swarmpatch/playable/${path}`);
  const install = (more: readonly string[], onError?: (text: string) => void): Promise<LauncherRun> =>
    player.install(more, onError ? { onError } : {});

  it('can be used before the install is done, and are taken back with all else in place', async () => {
    const [first] = [...oldBuild].filter(({ content }) => content.length > 0 && content.length < 100_000);
    const path = first?.path ?? '';
    let seen: { bytes: Buffer; isInstalled: boolean } | undefined;
    const { document } = await install([...SLOWLY, '--play-first', path], (text) => {
      if (!text.includes('playable after')) return;
      const isInstalled = statSync(player.pathOf(path), { throwIfNoEntry: false }) !== undefined;
      seen = { bytes: readFileSync(playableOf(path)), isInstalled };
    });
    expect(seen?.isInstalled).toBe(false);
    expect(seen?.bytes.equals(first?.content ?? Buffer.of())).toBe(true);
    const { playableSeconds, seconds } = document as { playableSeconds: number; seconds: number };
    expect(playableSeconds).toBeLessThan(seconds);
    expect(await player.treeOf()).toEqual(summarizeBuild(oldBuild));
    expect(await readdir(player.pathOf('.swarmpatch'))).toEqual(['files', 'history', 'releases', 'state', 'trust']);
  });

  it('are all there for an update, those that did not change among them', async () => {
    await install([]);
    await player.origin.publish(newBuild, '1.1.0');
    const regular = newBuild.filter(({ symlink }) => symlink === undefined);
    const shown = new Map<string, { bytes: Buffer; mode: number }>();
    const argv = ['update', '--dir', player.game, ...SLOWLY, '--play-first', '**'];
    const { document } = await runLauncher(argv, {
      onError: (text) => {
        if (!text.includes('playable after')) return;
        for (const { path } of regular) {
          const { mode } = lstatSync(playableOf(path));
          shown.set(path, { bytes: readFileSync(playableOf(path)), mode });
        }
      },
    });
    expect(document).toMatchObject({ changed: true, playableSeconds: expect.any(Number) as number });
    expect(shown.size).toBe(regular.length);
    for (const { path, content } of regular) {
      expect(shown.get(path)?.bytes.equals(content)).toBe(true);
      expect((shown.get(path)?.mode ?? 0) & 0o100).toBe((await stat(player.pathOf(path))).mode & 0o100);
    }
  });

  it('leave what the game wrote among them, moved aside, also after a run that failed', async () => {
    const path = oldBuild.find(({ content }) => content.length > 0)?.path ?? '';
    const save = (): void => {
      mkdirSync(playableOf('saves'));
      writeFileSync(playableOf('saves/1.sav'), 'level 2');
    };
    const onError = (text: string): void => {
      if (text.includes('playable after')) save();
    };
    const failed = await install(['--max-download', '100KB', '--timeout', '1', '--play-first', path], onError);
    const done = await install(['--play-first', path], onError);
    expect(failed.exitCode + done.exitCode).toBe(1);
    expect(done.errors).toContain('.swarmpatch/kept/playable');
    for (const kept of await readdir(player.pathOf('.swarmpatch/kept'))) {
      expect(await readFile(player.pathOf(`.swarmpatch/kept/${kept}/saves/1.sav`), 'utf8')).toBe('level 2');
    }
    expect(await readdir(player.pathOf('.swarmpatch'))).not.toContain('playable');
    expect((await player.run('verify', '--deep')).document).toMatchObject({
      ok: true,
      extra: [],
    });
  });

  it('are never installed with what was written into them after they were checked', async () => {
    const path = oldBuild.find(({ content }) => content.length > 0)?.path ?? '';
    const spoiled = await install([...SLOWLY, '--play-first', path], (text) => {
      if (text.includes('playable after')) writeFileSync(playableOf(path), 'written by the game');
    });
    if (spoiled.exitCode !== 0) await install([]);
    expect((await player.run('verify', '--deep')).document).toMatchObject({ ok: true });
  });

  it('are told of at once where the release is installed already, by the API, too', async () => {
    await install([]);
    const path = newBuild.find(({ content }) => content.length > 0)?.path ?? '';
    await player.origin.publish(newBuild, '1.1.0');
    const known = { document: { changed: true, playableSeconds: expect.any(Number) as number } };
    const unchanged = { document: { changed: false, playableSeconds: expect.any(Number) as number } };
    const first = ['--play-first', path, '--api', '127.0.0.1:0'];
    expect(await player.run('update', ...first)).toMatchObject(known);
    for (const command of ['update', 'repair']) {
      const { document, errors } = await player.run(command, ...first);
      expect({ document }).toMatchObject(unchanged);
      expect(errors).toContain('API at http://127.0.0.1:');
      expect(errors).toContain(`1 files of starfall 1.1.0 are in ${player.game}`);
    }
    const none = await player.run('update', '--play-first', 'no/such/*', '--api', '127.0.0.1:0');
    expect(none.document).toMatchObject({ error: { code: 'glob_unmatched' } });
    expect(await readdir(player.pathOf('.swarmpatch'))).not.toContain('api.json');
  });

  it('are an error when there are none', async () => {
    const { exitCode, document } = await install(['--play-first', 'no/such/*']);
    expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code: 'glob_unmatched' } } });
  });

  it('are told of by the API, which streams files that are equal to others, too, and is gone afterwards', async () => {
    const largest = [...oldBuild].sort((a, b) => b.content.length - a.content.length)[0];
    const path = 'same/content';
    const twin = { path, content: largest?.content ?? Buffer.of(), executable: false };
    await player.origin.publish([...oldBuild, twin], '1.0.1');
    let looked: Promise<{ bytes: Buffer; events: string; mode: number }> | undefined;
    const look = async (): Promise<{ bytes: Buffer; events: string; mode: number }> => {
      const file = player.pathOf('.swarmpatch/api.json');
      const { mode } = await stat(file);
      const { address, token } = JSON.parse(await readFile(file, 'utf8')) as { address: string; token: string };
      const events = fetch(`${address}/events?token=${token}`).then((response) => response.text());
      const headers = { authorization: `Bearer ${token}` };
      for (;;) {
        const response = await fetch(`${address}/stream/${path}`, { headers });
        const body = Buffer.from(await response.arrayBuffer());
        // Nothing is being fetched yet.
        if (response.status === 503) continue;
        return { bytes: body, events: await events, mode: mode & 0o777 };
      }
    };
    const { exitCode } = await install([...SLOWLY, '--api', '127.0.0.1:0', '--play-first', path], (text) => {
      if (text.includes('API at')) looked = look();
    });
    expect(exitCode).toBe(0);
    const seen = await looked;
    expect(seen?.mode).toBe(0o600);
    expect(seen?.bytes.equals(largest?.content ?? Buffer.of())).toBe(true);
    expect(seen?.events).toMatch(/event: progress[^]*event: playable[^]*event: done/);
    expect(await readdir(player.pathOf('.swarmpatch'))).not.toContain('api.json');
  });
});
