import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateBuild, nextBuild } from './build.ts';
import { summarizeBuild } from './build-summary.ts';
import { readBuild, writeBuild } from './build-directory.ts';

describe('generateBuild()', () => {
  it('gives the same build for the same seed and another for another', () => {
    expect(summarizeBuild(generateBuild(7))).toEqual(summarizeBuild(generateBuild(7)));
    expect(summarizeBuild(generateBuild(7))).not.toEqual(summarizeBuild(generateBuild(8)));
  });

  it('holds every kind of entry that a release may have', () => {
    const build = generateBuild(7);
    expect(build.some((file) => file.executable)).toBe(true);
    expect(build.some((file) => file.symlink !== undefined)).toBe(true);
    expect(build.some((file) => file.symlink === undefined && file.content.length === 0)).toBe(true);
    expect(build.some((file) => [...file.path].some((character) => character > '\u007f'))).toBe(true);
  });

  it('comes back from disk as it was written', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'build-'));
    try {
      const build = generateBuild(7);
      await writeBuild(build, directory);
      expect(summarizeBuild(await readBuild(directory))).toEqual(summarizeBuild(build));
      const skipped = await readBuild(directory, { skip: ['locale'] });
      expect(skipped.every((file) => !file.path.startsWith('locale/'))).toBe(true);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe('nextBuild()', () => {
  it('edits, grows, renames, removes and adds, and leaves most files alone', () => {
    const build = generateBuild(7);
    const next = nextBuild(build, 1);
    const before = new Map(build.map((file) => [file.path, file]));
    const after = new Map(next.map((file) => [file.path, file]));
    const same = next.filter(
      (file) => Buffer.compare(before.get(file.path)?.content ?? Buffer.from('?'), file.content) === 0,
    );
    expect(same.length).toBeGreaterThan(build.length / 2);
    expect(same.length).toBeLessThan(next.length - 3);
    expect([...after.keys()].filter((path) => !before.has(path))).toHaveLength(2);
    expect([...before.keys()].filter((path) => !after.has(path))).toHaveLength(2);
    expect(summarizeBuild(nextBuild(build, 1))).toEqual(summarizeBuild(next));
  });

  it('can follow itself many times', () => {
    let build = generateBuild(3, { files: 4, largestBytes: 200_000 });
    for (let step = 0; step < 20; step += 1) build = nextBuild(build, step);
    expect(new Set(build.map((file) => file.path)).size).toBe(build.length);
  });
});
