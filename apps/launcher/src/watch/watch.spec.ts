import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, rm } from 'node:fs/promises';
import { DiskFileSystem, lockInstall } from '@swarmpatch/node-io/file-system';
import { generateBuild, nextBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LauncherRun, runLauncher } from '../testing/launcher-run.contract.ts';
import { Player } from '../testing/player.contract.ts';
import type { SmallOrigin } from '../testing/small-origin.contract.ts';

type WatchEvent = Record<string, unknown> & { event: string };

const oldBuild = generateBuild(1, { files: 4, largestBytes: 60_000 });
const newBuild = nextBuild(oldBuild, 2);

/** However busy the machine is. */
const PATIENCE_MS = 60_000;

describe('swarmpatch-launcher watch', { timeout: PATIENCE_MS }, () => {
  let player: Player;
  let origin: SmallOrigin;
  let events: WatchEvent[];
  let errors: string;
  let end: AbortController;
  let ended: Promise<LauncherRun> | undefined;

  beforeEach(async () => {
    player = await Player.open(oldBuild);
    ({ origin } = player);
    const found = await player.install();
    expect(found.exitCode).toBe(0);
    events = [];
    errors = '';
    end = new AbortController();
  }, PATIENCE_MS);
  afterEach(async () => {
    end.abort();
    await ended;
    ended = undefined;
    await player.close();
  }, PATIENCE_MS);

  function watch(...more: string[]): void {
    ended = runLauncher(['watch', '--dir', player.game, '--listen', '127.0.0.1:0', ...more], {
      staysOn: true,
      signal: end.signal,
      onOut: (text) => {
        events.push(JSON.parse(text) as WatchEvent);
      },
      onError: (text) => {
        errors += text;
      },
    });
  }

  async function until(event: string, like: Record<string, unknown> = {}): Promise<WatchEvent> {
    const find = (): WatchEvent | undefined =>
      events.find((each) => each.event === event && Object.entries(like).every(([key, value]) => each[key] === value));
    await expect
      .poll(find, { timeout: PATIENCE_MS, message: `${event} in ${JSON.stringify(events)} ${errors}` })
      .toBeDefined();
    return find() ?? { event };
  }

  it.runIf(process.platform === 'linux')(
    'brings a release beside the install while its program runs, and puts it into place afterwards',
    async () => {
      const program = player.pathOf('bin/engine');
      await copyFile('/bin/sleep', program);
      const playing = spawn(program, ['60']);
      try {
        await once(playing, 'spawn');
        await origin.publish(newBuild, '1.1.0');
        watch();
        expect(await until('staged')).toMatchObject({ from: '1.0.0', to: '1.1.0', changed: false });
        expect(await until('waiting')).toMatchObject({ to: '1.1.0', for: ['bin/engine runs'] });
        expect((await player.run('status')).document).toMatchObject({ version: '1.0.0', state: 'installed' });
        expect(await player.run('verify')).toMatchObject({ exitCode: 0 });
      } finally {
        playing.kill();
        await once(playing, 'exit');
      }
      // All of it was here: nothing is fetched any more.
      expect(await until('updated')).toMatchObject({ to: '1.1.0', bytes: { fromWebSeeds: 0 } });
      await rm(program);
      expect(await player.treeOf()).toEqual(summarizeBuild(newBuild));
    },
  );

  it('leaves an install alone that somebody took back, until there is something newer', async () => {
    await origin.publish(newBuild, '1.1.0');
    watch();
    await until('seeding', { version: '1.1.0' });
    expect(await player.run('rollback')).toMatchObject({ exitCode: 0, document: { to: '1.0.0' } });
    await until('changed', { version: '1.0.0' });
    await until('seeding', { version: '1.0.0' });
    await origin.publish(nextBuild(newBuild, 3), '1.2.0');
    expect(await until('updated', { to: '1.2.0' })).toMatchObject({ from: '1.0.0' });
    expect(events.filter(({ event }) => event === 'updated')).toHaveLength(2);
  });

  it('goes on to the release that the channel names when it has moved on, before the last one is here', async () => {
    watch('--max-download', '1KB');
    await until('listening');
    await origin.publish(newBuild, '1.1.0');
    await until('updating', { to: '1.1.0' });
    await origin.publish(nextBuild(newBuild, 3), '1.2.0');
    await until('updating', { to: '1.2.0' });
    expect(events.filter(({ event }) => event === 'updated' || event === 'failed')).toEqual([]);
  });

  it('says who else is at work on the install, and goes on when that one has ended', async () => {
    await origin.publish(newBuild, '1.1.0');
    const lock = await lockInstall(new DiskFileSystem(player.game), 'repair');
    watch();
    expect(await until('busy')).toMatchObject({ by: expect.stringContaining(`${process.pid} on `) as string });
    await lock.release();
    await until('updated', { to: '1.1.0' });
    expect(events.filter(({ event }) => event === 'busy')).toHaveLength(1);
  });

  it('says what went wrong, and tries again until it goes right', async () => {
    await origin.publish(newBuild, '1.1.0');
    origin.corrupt('1.1.0', 20_000);
    watch('--timeout', '1');
    expect(await until('failed')).toMatchObject({ what: 'update', error: { code: expect.any(String) as string } });
    origin.corrupt('1.1.0', 20_000);
    await until('updated');
    expect(await player.treeOf()).toEqual(summarizeBuild(newBuild));
  });

  it('believes nobody but the signed metadata, and does not mind being flooded, as its API shows', async () => {
    watch('--api', '127.0.0.1:0');
    await until('listening');
    const api = JSON.parse(await readFile(player.pathOf('.swarmpatch/api.json'), 'utf8')) as Record<string, string>;
    const headers = { authorization: `Bearer ${api['token']}` };
    const status = async (): Promise<unknown> => (await fetch(`${api['address']}/status`, { headers })).json();
    const told = await fetch(`${api['address']}/events`, { headers });
    await expect
      .poll(status)
      .toMatchObject({ state: 'done', watch: { version: '1.0.0', wanted: null, listening: true } });
    origin.tell('event: channel\ndata: {"name":"stable","version":"6.6.6"}\n\n'.repeat(1000));
    origin.tell(`data: ${'x'.repeat(2 * 1024 * 1024)}`);
    expect(await until('asking')).toMatchObject({ why: expect.stringContaining('characters') as string });
    await expect.poll(() => origin.listenerCount, { timeout: PATIENCE_MS }).toBe(0);
    expect(await status()).toMatchObject({ watch: { listening: false } });
    expect((await player.run('status')).document).toMatchObject({ version: '1.0.0', stale: false });
    expect(origin.timestampCount).toBeLessThan(20);
    end.abort();
    expect(await told.text()).toMatch(
      /event: watch\ndata: .*"listening":true.*\n\n[^]*event: watch\ndata: .*"listening":false/,
    );
  });
});
