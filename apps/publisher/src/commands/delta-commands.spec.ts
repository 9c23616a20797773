import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { executeProgram } from '@swarmpatch/terminal';
import { RecordedTerminal } from '@swarmpatch/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { deltaApply } from './delta-apply.ts';
import { deltaCreate } from './delta-create.ts';
import { deltaShow } from './delta-show.ts';

const level = Array.from({ length: 3000 }, (_, index) => `room ${(index * 7919) % 10007}\n`).join('');
let root = '';
const at = (path: string): string => join(root, path);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'swarmpatch-delta-'));
  await mkdir(at('old'));
  await mkdir(at('new/data'), { recursive: true });
  await writeFile(at('old/level'), level);
  await writeFile(at('old/same'), 'same');
  await writeFile(at('old/gone'), 'gone');
  await writeFile(at('new/level'), `first\n${level}`);
  await writeFile(at('new/same'), 'same');
  await writeFile(at('new/data/gone'), 'gone');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function run(...argv: string[]): Promise<{ exitCode: number; document: unknown; err: string }> {
  const terminal = new RecordedTerminal();
  const commands = [deltaCreate, deltaApply, deltaShow];
  const program = { name: 'swarmpatch', summary: '', version: '0.0.0', commands };
  const signal = new AbortController().signal;
  const exitCode = await executeProgram(program, ['delta', ...argv, '--json'], terminal, signal);
  const { out, errors: err } = terminal;
  return { exitCode, document: out === '' ? undefined : (JSON.parse(out) as unknown), err };
}

const create = (): ReturnType<typeof run> =>
  run('create', '--old', at('old'), '--new', at('new'), '--out', at('p.patch'), '--effort', '1');
const apply = (): ReturnType<typeof run> =>
  run('apply', '--old', at('old'), '--patch', at('p.patch'), '--out', at('out'));

describe('swarmpatch delta', () => {
  it('makes a patch, shows it and applies it', async () => {
    const oldBytes = level.length + 8;
    const created = await create();
    const bytes = (await readFile(at('p.patch'))).length;
    expect(created).toMatchObject({ exitCode: 0, document: { bytes, oldBytes, newBytes: oldBytes + 6, seconds: 0 } });
    expect(await run('show', at('p.patch'))).toMatchObject({
      exitCode: 0,
      document: {
        ...{ bytes, oldBytes, newBytes: oldBytes + 6, kept: 1, removed: 1 },
        files: [
          { path: 'data/gone', kind: 'moved', bytes: 0 },
          { path: 'level', kind: 'changed', bytes: level.length + 6 },
        ],
      },
    });
    expect(await apply()).toMatchObject({ exitCode: 0, document: { bytes: oldBytes + 6, seconds: 0 } });
    expect(await readFile(at('out/level'), 'utf8')).toBe(`first\n${level}`);
  });

  it('names a pack that is encrypted as a whole', async () => {
    const bytes = 1_100_000;
    await writeFile(at('old/data.pak'), randomBytes(bytes));
    await writeFile(at('new/data.pak'), randomBytes(bytes));
    const { document } = await create();
    expect(document).toMatchObject({ defeated: [{ path: 'data.pak', bytes }] });
  });

  it('writes over a patch, and not over a directory', async () => {
    await create();
    expect((await create()).exitCode).toBe(0);
    await apply();
    expect(await apply()).toMatchObject({ exitCode: 1, document: { error: { code: 'not_empty' } } });
    expect(await run('create', '--old', at('old'), '--new', at('new'), '--out', at('new'))).toMatchObject({
      exitCode: 1,
      document: { error: { code: 'unwritable' } },
    });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['a patch that is not there', () => rm(at('p.patch')), 'not_found'],
    ['something that is no patch', () => writeFile(at('p.patch'), 'x'.repeat(100)), 'not_a_patch'],
    ['an old directory that is not there', () => rm(at('old'), { recursive: true }), 'not_found'],
    ['another old directory', () => writeFile(at('old/more'), 'x'), 'wrong_old_tree'],
  ])('refuses to apply %s', async (_, change, code) => {
    await create();
    await change();
    expect(await apply()).toMatchObject({ exitCode: 1, document: { error: { code } } });
  });

  it.skipIf(process.getuid?.() === 0)('names a file that cannot be read', async () => {
    await chmod(at('new/level'), 0);
    expect(await create()).toMatchObject({ exitCode: 1, document: { error: { code: 'unreadable' } } });
  });

  it('refuses an effort that there is not', async () => {
    const outcome = await run('create', '--old', at('old'), '--new', at('new'), '--out', at('p'), '--effort', '0');
    expect(outcome).toMatchObject({ exitCode: 2, document: { error: { code: 'usage' } } });
  });
});
