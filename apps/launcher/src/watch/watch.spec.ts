import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateBuild, nextBuild, readBuild, summarizeBuild, type Build } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LauncherRun, runLauncher } from '../testing/launcher-run.contract.ts';
import { SmallOrigin } from '../testing/small-origin.contract.ts';

type WatchEvent = Record<string, unknown> & { event: string };

const oldBuild = generateBuild(1, { files: 8, largestBytes: 400_000 });
const newBuild = nextBuild(oldBuild, 2);

describe('swarmpatch-launcher watch', () => {
  let scratch: string;
  let game: string;
  let origin: SmallOrigin;
  let events: WatchEvent[];
  let errors: string;
  let end: AbortController;
  let ended: Promise<LauncherRun> | undefined;

  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'swarmpatch-watch-'));
    game = join(scratch, 'game');
    origin = await SmallOrigin.start(join(scratch, 'builds'));
    await origin.publish(oldBuild, '1.0.0');
    const found = await run('install', 'starfall', '--origin', origin.url, '--root-fingerprint', origin.fingerprint);
    expect(found.exitCode).toBe(0);
    events = [];
    errors = '';
    end = new AbortController();
  });
  afterEach(async () => {
    end.abort();
    await ended;
    ended = undefined;
    await origin.close();
    await rm(scratch, { recursive: true, force: true });
  });

  const run = (command: string, ...more: string[]): Promise<LauncherRun> =>
    runLauncher([command, ...more, '--dir', game]);

  function watch(...more: string[]): void {
    ended = runLauncher(['watch', '--dir', game, '--listen', '127.0.0.1:0', ...more], {
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
      .poll(find, { timeout: 15_000, message: `${event} in ${JSON.stringify(events)} ${errors}` })
      .toBeDefined();
    return find() ?? { event };
  }

  const treeOf = async (): Promise<Record<string, string>> =>
    summarizeBuild(await readBuild(game, { skip: ['.swarmpatch'] }));
  const summaryOf = (build: Build): Record<string, string> => summarizeBuild(build);

  it('serves what is installed, updates as soon as there is news, and serves that', async () => {
    watch();
    expect(await until('ready')).toMatchObject({ ready: true, game: 'starfall', version: '1.0.0', channel: 'stable' });
    await until('seeding', { version: '1.0.0' });
    await until('listening');
    await writeFile(join(game, 'my-save.dat'), 'level 7');
    await origin.publish(newBuild, '1.1.0');
    expect(await until('updated')).toMatchObject({ from: '1.0.0', to: '1.1.0', changed: true });
    await until('seeding', { version: '1.1.0' });
    expect(await readFile(join(game, 'my-save.dat'), 'utf8')).toBe('level 7');
    await rm(join(game, 'my-save.dat'));
    expect(await treeOf()).toEqual(summaryOf(newBuild));
    // Beside it, others look at the install.
    expect(await run('verify')).toMatchObject({ exitCode: 0, document: { ok: true } });
    expect((await run('status')).document).toMatchObject({ version: '1.1.0', state: 'installed' });
    end.abort();
    expect(await ended).toMatchObject({ exitCode: 0 });
  });
});
