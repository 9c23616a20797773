import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createPatchFile } from './create-patch-file.ts';
import { locateDirectory } from './locate-directory.ts';
import type { SourceFile, StagedFile } from './stage-job.ts';
import { stagePatchFile } from './stage-patch-file.ts';

const before = Buffer.from(Array.from({ length: 90_000 }, (_, index) => (index * 2_654_435_761) >>> 13));
const after = Buffer.concat([before.subarray(0, 50_000), Buffer.from('in between'), before.subarray(50_000)]);

describe('stagePatchFile()', () => {
  let scratch: string;
  let old: SourceFile[];
  let staged: StagedFile[];
  let patchPath: string;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'swarmpatch-stage-'));
    for (const name of ['first', 'second']) await mkdir(join(scratch, name));
    await writeFile(join(scratch, 'first/world'), before);
    await writeFile(join(scratch, 'second/world'), after);
    await writeFile(join(scratch, 'second/readme'), 'made of nothing');
    patchPath = join(scratch, 'patch');
    const located = await locateDirectory(join(scratch, 'first'));
    const made = await locateDirectory(join(scratch, 'second'));
    await createPatchFile({ old: located, new: made, out: patchPath, effort: 1 });
    old = located;
    staged = made.map(({ path, lengthBytes, piecesRoot }) => ({
      path,
      lengthBytes,
      piecesRoot: piecesRoot ?? new Uint8Array(),
      absolutePath: join(scratch, 'out', path),
    }));
  });
  beforeEach(async () => {
    await rm(join(scratch, 'out'), { recursive: true, force: true });
    await mkdir(join(scratch, 'out'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  const contentOf = (path: string): Promise<Buffer> =>
    readFile(staged.find((file) => file.path === path)?.absolutePath ?? '');

  it('makes every file where it is told to, over what was there', async () => {
    for (const { absolutePath } of staged) await writeFile(absolutePath, Buffer.alloc(200_000, 1));
    const results = await stagePatchFile({ patchPath, old, new: staged });
    expect(results).toEqual([
      { path: 'readme', failure: undefined },
      { path: 'world', failure: undefined },
    ]);
    expect((await contentOf('world')).equals(after)).toBe(true);
    expect((await contentOf('readme')).toString()).toBe('made of nothing');
  });

  it('fails just the files whose old content is not here', async () => {
    const results = await stagePatchFile({
      patchPath,
      old: old.map((file) => ({ ...file, absolutePath: undefined })),
      new: staged,
    });
    expect(results).toMatchObject([
      { path: 'readme', failure: undefined },
      { path: 'world', failure: { code: 'source_unreadable' } },
    ]);
    expect((await contentOf('readme')).toString()).toBe('made of nothing');
  });

  it('writes nothing for a release that has not those files', async () => {
    const others = staged.map((file) => ({ ...file, lengthBytes: file.lengthBytes + 1 }));
    await expect(stagePatchFile({ patchPath, old, new: others })).rejects.toMatchObject({
      name: 'DeltaError',
      code: 'bad_patch',
    });
    await expect(contentOf('readme')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('stops when it is told to', async () => {
    const reason = new Error('enough');
    const stopping = stagePatchFile({ patchPath, old, new: staged, signal: AbortSignal.abort(reason) });
    await expect(stopping).rejects.toBe(reason);
  });
});
