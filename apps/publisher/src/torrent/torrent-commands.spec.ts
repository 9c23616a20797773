import { Buffer } from 'node:buffer';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { executeProgram } from '@swarmpatch/terminal';
import { RecordedTerminal } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { torrentCommands } from './index.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swarmpatch-torrent-'));
  await mkdir(join(root, 'game/data'), { recursive: true });
  await writeFile(join(root, 'game/data/level.pak'), Buffer.alloc(100_000, 'level'));
  await writeFile(join(root, 'game/run'), 'run', { mode: 0o755 });
  await writeFile(join(root, 'game/empty'), '');
  await symlink('data/level.pak', join(root, 'game/link'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

interface Outcome {
  readonly exitCode: number;
  readonly document: Record<string, unknown>;
  readonly err: string;
}

async function run(...argv: string[]): Promise<Outcome> {
  const terminal = new RecordedTerminal();
  const program = { name: 'swarmpatch', summary: '', version: '0.0.0', commands: torrentCommands };
  const exitCode = await executeProgram(
    program,
    ['torrent', ...argv, '--json'],
    terminal,
    new AbortController().signal,
  );
  const { out, errors: err } = terminal;
  const document = (out === '' ? {} : JSON.parse(out)) as Record<string, unknown>;
  return { exitCode, document, err };
}

function at(path: string): string {
  return join(root, path);
}

describe('swarmpatch torrent', () => {
  it('makes, shows and checks a torrent', async () => {
    const created = await run(
      'create',
      at('game'),
      '--out',
      at('t'),
      '--tracker',
      'udp://a.example:1/announce',
      '--tracker',
      'http://b.example/announce',
      '--web-seed',
      'http://w.example/',
      '--private',
    );
    expect(created).toMatchObject({
      exitCode: 0,
      document: { files: 4, bytes: 100_003, pieceLength: 16_384, pieceCount: 8 },
    });

    const shown = await run('show', at('t'));
    const { infohashV1, infohashV2 } = created.document;
    expect(shown.document).toMatchObject({
      name: 'game',
      format: 'hybrid',
      infohashV1,
      infohashV2,
      trackers: ['udp://a.example:1/announce', 'http://b.example/announce'],
      webSeeds: ['http://w.example/'],
      private: true,
      files: [
        { path: 'data/level.pak', length: 100_000, piecesRoot: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        { path: 'empty', length: 0 },
        { path: 'link', length: 0, symlink: 'data/level.pak' },
        { path: 'run', length: 3, executable: true },
      ],
    });

    expect(await run('check', at('t'), '--dir', root)).toMatchObject({
      exitCode: 0,
      document: { ok: true, damaged: [], missing: [] },
    });
    await truncate(at('game/data/level.pak'), 90_000);
    await unlink(at('game/run'));
    expect(await run('check', at('t'), '--dir', root)).toMatchObject({
      exitCode: 1,
      document: { ok: false, damaged: [{ path: 'data/level.pak', pieces: [5, 6] }], missing: ['run'] },
    });
  });

  it.each(['v1', 'v2', 'hybrid'])('writes the same %s torrent twice', async (format) => {
    await run(
      'create',
      at('game'),
      '--out',
      at('first'),
      '--format',
      format,
      '--name',
      'other',
      '--piece-length',
      '32KiB',
    );
    await run(
      'create',
      at('game'),
      '--out',
      at('second'),
      '--format',
      format,
      '--name',
      'other',
      '--piece-length',
      '32KiB',
    );
    expect((await readFile(at('first'))).equals(await readFile(at('second')))).toBe(true);
    expect((await run('show', at('first'))).document).toMatchObject({ format, name: 'other', pieceLength: 32_768 });
  });

  it.each<[string, () => Promise<void>, string]>([
    ['a case collision', () => writeFile(at('game/RUN'), ''), 'path_collision'],
    ['a name that Windows refuses', () => writeFile(at('game/aux.txt'), ''), 'unportable_path'],
    ['a link that leaves', () => symlink('../outside', at('game/out')), 'link_outside'],
  ])('refuses %s and writes nothing', async (_, spoil, code) => {
    await spoil();
    const before = await readdir(root);
    const { exitCode, document, err } = await run('create', at('game'), '--out', at('t'));
    expect({ exitCode, document }).toMatchObject({ exitCode: 1, document: { error: { code } } });
    expect(err).not.toContain('    at ');
    expect(await readdir(root)).toEqual(before);
  });

  it('refuses a place that it cannot write to before it hashes', async () => {
    expect(await run('create', at('game'), '--out', at('no/t'))).toMatchObject({
      exitCode: 1,
      document: { error: { code: 'torrent_unwritable' } },
    });
    expect(await run('create', at('game'), '--out', at('game'))).toMatchObject({
      exitCode: 1,
      document: { error: { code: 'torrent_unwritable' } },
    });
  });

  it.each([
    ['create', 'game'],
    ['create', 'game', '--out', 't', '--piece-length', '20KiB'],
    ['create', 'game', '--out', 't', '--piece-length', '8KiB'],
    ['create', 'game', '--out', 't', '--format', 'v3'],
    ['create', 'game', '--out', 't', '--tracker', 'nonsense'],
    ['create', 'game', '--out', 't', '--web-seed', 'ftp://w.example/'],
    ['check', 't'],
  ])('calls it wrong usage: %s %s %s %s %s', async (...argv) => {
    expect((await run(...argv)).exitCode).toBe(2);
  });

  it('names what is wrong with a torrent', async () => {
    await writeFile(at('t'), 'd4:infodee');
    expect(await run('show', at('t'))).toMatchObject({ exitCode: 1, document: { error: { code: 'bad_name' } } });
    await writeFile(at('t'), 'no torrent');
    expect(await run('show', at('t'))).toMatchObject({ exitCode: 1, document: { error: { code: 'not_a_torrent' } } });
    expect(await run('show', at('none'))).toMatchObject({
      exitCode: 1,
      document: { error: { code: 'torrent_unreadable' } },
    });
  });
});
