import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBuildPath, openBuildDirectory } from './build-directory.ts';
import { readNotes } from './notes.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'build-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const options = { signal: new AbortController().signal, onBytes: (): void => undefined };

describe('openBuildDirectory()', () => {
  it('takes a directory as it is and leaves it there', async () => {
    await writeFile(join(scratch, 'game'), 'x');
    const build = await openBuildDirectory(scratch, options);
    expect(build.path).toBe(scratch);
    await build.dispose();
    expect(await readdir(scratch)).toEqual(['game']);
  });

  it('unpacks an archive and throws away what it unpacked', async () => {
    const tar = pack();
    tar.entry({ name: 'game' }, 'x');
    tar.finalize();
    const chunks: Uint8Array[] = [];
    for await (const chunk of tar) chunks.push(chunk as Uint8Array);
    await writeFile(join(scratch, 'build.tar'), Buffer.concat(chunks));
    const build = await openBuildDirectory(join(scratch, 'build.tar'), options);
    expect(await readdir(build.path)).toEqual(['game']);
    await build.dispose();
    await expect(readdir(build.path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('checkBuildPath()', () => {
  it('names what is no build before anything is read', async () => {
    await mkdir(join(scratch, 'empty'));
    await mkdir(join(scratch, 'install', '.swarmpatch'), { recursive: true });
    await writeFile(join(scratch, 'game.zip'), 'x');
    for (const name of ['missing', 'missing.tar', 'empty', 'install', 'game.zip']) {
      await expect(checkBuildPath(join(scratch, name)), name).rejects.toMatchObject({ code: 'not_a_build' });
    }
  });
});

describe('readNotes()', () => {
  it('reads text and names what is not', async () => {
    const path = join(scratch, 'notes.md');
    await writeFile(path, 'Was ist neu: 日本語');
    expect(await readNotes(path)).toBe('Was ist neu: 日本語');
    expect(await readNotes(undefined)).toBeUndefined();
    await writeFile(path, Buffer.of(0xff, 0xfe));
    await expect(readNotes(path)).rejects.toMatchObject({ code: 'bad_notes' });
    await writeFile(path, 'x'.repeat(65_537));
    await expect(readNotes(path)).rejects.toMatchObject({ code: 'bad_notes' });
    await expect(readNotes(join(scratch, 'none'))).rejects.toMatchObject({ code: 'bad_notes' });
  });
});
