import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { applyPatchFile } from './apply-patch-file.ts';
import { createPatchFile, type CreatePatchFileOptions } from './create-patch-file.ts';
import { locateDirectory } from './locate-directory.ts';

type Tree = Readonly<Record<string, string | { readonly run: string } | { readonly link: string }>>;

const long = Array.from({ length: 4000 }, (_, index) => `line ${(index * 7919) % 10007} of the script\n`).join('');
const before: Tree = {
  'bin/game': { run: long },
  'data/a': long.slice(0, 50_000),
  'data/moved': 'moved as it is',
  empty: '',
  current: { link: 'data/a' },
  gone: 'x',
};
const after: Tree = {
  'bin/game': { run: `new ${long}` },
  'bin/tool': { run: long.slice(0, 50_000) },
  'data/a': long.slice(0, 50_000),
  'data/there/moved': 'moved as it is',
  'data/twin': `twin ${long.slice(50)}`,
  'data/twin2': `twin ${long.slice(50)}`,
  empty: '',
  empty2: '',
  current: { link: 'data/there/moved' },
};

let top: string;
const at = (name: string): string => join(top, name);

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'swarmpatch-delta-'));
  await plant('old', before);
  await plant('new', after);
});
afterEach(() => rm(top, { recursive: true, force: true }));

async function plant(name: string, tree: Tree): Promise<void> {
  await mkdir(at(name), { recursive: true });
  for (const [path, content] of Object.entries(tree)) {
    const file = join(at(name), path);
    await mkdir(dirname(file), { recursive: true });
    if (typeof content === 'string') await writeFile(file, content);
    else if ('link' in content) await symlink(content.link, file);
    else {
      await writeFile(file, content.run);
      await chmod(file, 0o755);
    }
  }
}

async function harvest(name: string): Promise<Tree> {
  const tree: Record<string, Tree[string]> = {};
  for (const entry of await readdir(at(name), { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(at(name).length + 1);
    if (entry.isSymbolicLink()) tree[path] = { link: await readlink(file) };
    if (!entry.isFile()) continue;
    const text = await readFile(file, 'utf8');
    tree[path] = ((await lstat(file)).mode & 0o100) === 0 ? text : { run: text };
  }
  return tree;
}

async function create(options: Partial<CreatePatchFileOptions> = {}): Promise<string> {
  const out = at('p.patch');
  const [old, fresh] = [await locateDirectory(at('old')), await locateDirectory(at('new'))];
  await createPatchFile({ old, new: fresh, out, effort: 1, ...options });
  return out;
}

const apply = (out = at('out'), old = at('old')): Promise<{ readonly bytes: number }> =>
  applyPatchFile({ old, patch: at('p.patch'), out });

/** What is in the scratch directory: nothing may be left behind. */
const names = async (): Promise<string[]> => (await readdir(top)).sort();

describe('createPatchFile() and applyPatchFile()', () => {
  it('bring a directory to another: links, executables, empty files, moves and twins', async () => {
    await create();
    const bytes = Object.values(after).reduce(
      (sum, content) =>
        sum + (typeof content === 'string' ? content.length : 'run' in content ? content.run.length : 0),
      0,
    );
    expect(await apply()).toEqual({ bytes });
    expect(await harvest('out')).toEqual(after);
    expect(await harvest('old')).toEqual(before);
    expect(await names()).toEqual(['new', 'old', 'out', 'p.patch']);
  });

  it('give the same bytes for the same directories', async () => {
    const first = await readFile(await create());
    expect((await readFile(await create())).equals(first)).toBe(true);
  });

  it('write into an empty directory, and into no other', async () => {
    await create();
    await mkdir(at('out'));
    await apply();
    expect(await harvest('out')).toEqual(after);
    await expect(apply()).rejects.toMatchObject({ code: 'not_empty' });
    await expect(apply(at('p.patch'))).rejects.toMatchObject({ code: 'not_empty' });
    await expect(apply(join(at('old'), 'inside'))).rejects.toMatchObject({ code: 'not_empty' });
    expect(await harvest('old')).toEqual(before);
  });

  it('leave no trace of a patch that was stopped', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const making = create({
      signal: stop.signal,
      onProgress: () => {
        stop.abort(reason);
      },
    });
    await expect(making).rejects.toBe(reason);
    expect(await names()).toEqual(['new', 'old']);
  });

  it('leave no trace of a directory that was stopped', async () => {
    await create();
    const stop = new AbortController();
    const applying = applyPatchFile({
      ...{ old: at('old'), patch: at('p.patch'), out: at('out'), signal: stop.signal },
      onProgress: () => {
        stop.abort();
      },
    });
    await expect(applying).rejects.toMatchObject({ name: 'AbortError' });
    expect(await names()).toEqual(['new', 'old', 'p.patch']);
  });

  it('refuse a file that changed while the patch was made', async () => {
    const files = await locateDirectory(at('new'));
    await writeFile(join(at('new'), 'bin/game'), `now ${long}`);
    await expect(create({ new: files })).rejects.toMatchObject({ code: 'file_changed', path: 'bin/game' });
    expect(await names()).toEqual(['new', 'old']);
  });

  it('make no patch that does not come out as the roots say', async () => {
    const files = await locateDirectory(at('new'));
    await writeFile(join(at('new'), 'data/twin'), `Twin ${long.slice(50)}`);
    const rotten = files.map((file) => ({ ...file, mtimeMs: undefined }));
    await expect(create({ new: rotten })).rejects.toMatchObject({
      ...{ name: 'DeltaError', code: 'files_failed', path: 'data/twin' },
      message: expect.stringContaining('do not come out as they were released') as string,
    });
    expect(await names()).toEqual(['new', 'old']);
  });

  it('refuse an old directory that is not the release', async () => {
    await create();
    await writeFile(join(at('old'), 'save.dat'), 'mine');
    await expect(apply()).rejects.toMatchObject({ code: 'wrong_old_tree' });
    await rm(join(at('old'), 'save.dat'));
    await writeFile(join(at('old'), 'data/a'), long.slice(1, 50_001));
    await expect(apply()).rejects.toMatchObject({
      code: expect.stringMatching(/files_failed|wrong_new_tree/) as string,
    });
    expect(await names()).toEqual(['new', 'old', 'p.patch']);
  });

  it('refuse a patch that is damaged anywhere', async () => {
    const whole = await readFile(await create());
    for (let place = 0; place < whole.length; place += 97) {
      const damaged = Buffer.from(whole);
      damaged[place] = (damaged[place] ?? 0) ^ 0x40;
      await writeFile(at('p.patch'), damaged);
      await expect(apply(), `byte ${place}`).rejects.toMatchObject({ name: 'DeltaError' });
    }
    expect(await names()).toEqual(['new', 'old', 'p.patch']);
  });
});

describe('locateDirectory()', () => {
  it('wants a directory', async () => {
    await writeFile(at('file'), '');
    await expect(locateDirectory(at('file'))).rejects.toMatchObject({ code: 'bad_tree' });
    await expect(locateDirectory(at('nothing'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
