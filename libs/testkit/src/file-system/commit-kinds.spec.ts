import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem, type MemoryFileSystemOptions } from './memory-file-system.ts';
import { describeTree, moveInstall, putFiles, type MoveOptions } from './memory-install.ts';
import { releaseInMemory } from './memory-release.ts';
import { cutEverywhere, leftoversOf } from './power-cuts.ts';

const SEED = Number(process.env['SWARMPATCH_SEED'] ?? 20_261_121);
const PIECE = 16_384;
/** Hundreds of updates; a machine that does much else needs its time. */
const TIMEOUT_MS = 180_000;
/** Now and then the move is made again after a cut. */
const STEPS_PER_SECOND_MOVE = 5;

const random = seededRandom(SEED);
const file = (path: string, lengthBytes = 100): BuildFile => ({
  path,
  content: randomBytes(random, lengthBytes),
  executable: false,
});
const link = (path: string, symlink: string): BuildFile => ({
  path,
  content: new Uint8Array(),
  executable: false,
  symlink,
});
const named = (from: BuildFile, path: string): BuildFile => ({ ...from, path });
const program = (from: BuildFile): BuildFile => ({ ...from, executable: true });
/** The same with other bytes in some pieces, and another length. */
const edited = (from: BuildFile, pieces: readonly number[], lengthBytes = from.content.length): BuildFile => {
  const content = new Uint8Array(lengthBytes);
  content.set(from.content.subarray(0, lengthBytes));
  if (lengthBytes > from.content.length) {
    content.set(randomBytes(random, lengthBytes - from.content.length), from.content.length);
  }
  for (const piece of pieces) content.set(randomBytes(random, 40), piece * PIECE + 7);
  return { ...from, content };
};
const treeOf = async (build: readonly BuildFile[]): Promise<string[]> => {
  const files = new MemoryFileSystem();
  await putFiles(files, build);
  return describeTree(files);
};

const [a, b, c] = [file('a'), file('b', 200), file('c', 300)];
const world = file('data/world.pak', 5 * PIECE + 900);
const swapped = (from: BuildFile): BuildFile => {
  const content = from.content.slice();
  content.copyWithin(0, PIECE, 2 * PIECE);
  content.set(from.content.subarray(0, PIECE), PIECE);
  return { ...from, content };
};

interface Kind {
  name: string;
  old: BuildFile[];
  next: BuildFile[];
  /** Files of the player. */
  mine?: BuildFile[];
  options?: MoveOptions;
  /** Files that have to be changed where they lie. */
  rewritten?: number;
  disk?: MemoryFileSystemOptions;
}

const LEAST = { space: 'least' } as const;
const FOLDING = { letterCase: 'same' } as const;

const KINDS: readonly Kind[] = [
  { name: 'adds files and directories', old: [a], next: [a, file('x/y/z'), file('x/empty', 0)] },
  { name: 'removes directories', old: [a, file('x/y/z'), file('x/w')], next: [a] },
  {
    name: 'leaves directories that hold something of the player',
    old: [a, file('x/y/z'), file('x/w')],
    next: [a],
    mine: [file('x/y/mine')],
  },
  { name: 'turns a file into a directory', old: [a, file('x')], next: [a, file('x/y')] },
  { name: 'turns a directory into a file', old: [a, file('x/y/z'), file('x/w')], next: [a, file('x')] },
  {
    name: 'adds, turns and removes links',
    old: [a, link('k', 'a'), link('l', 'a')],
    next: [a, link('l', 'b'), link('m', 'a')],
  },
  { name: 'turns a link into a file, and back', old: [a, link('k', 'a'), b], next: [a, named(c, 'k'), link('b', 'k')] },
  {
    name: 'turns a link into a directory, and back',
    old: [a, link('k', 'x'), file('x/y')],
    next: [a, file('k/y'), link('x', 'k')],
  },
  { name: 'changes modes alone', old: [program(a), b, c], next: [a, program(b), c] },
  {
    name: 'swaps names and modes',
    old: [a, program(b), c],
    next: [named(program(b), 'a'), named(c, 'b'), named(a, 'c')],
  },
  {
    name: 'moves files between directories',
    old: [named(a, 'x/a'), named(b, 'x/b')],
    next: [named(a, 'y/a'), named(b, 'y/z/b')],
  },
  { name: 'changes letter case', old: [named(a, 'Read.Me'), b], next: [named(a, 'read.me'), b] },
  {
    name: 'changes letter case where names fold',
    old: [named(a, 'Read.Me'), named(b, 'Notes'), c],
    next: [named(a, 'read.me'), named(c, 'notes'), named(b, 'c')],
    disk: FOLDING,
  },
  {
    name: 'changes letter case of directories where names fold',
    old: [named(a, 'Data/Ui/a'), named(b, 'Data/b')],
    next: [named(a, 'data/ui/a'), named(b, 'data/B')],
    disk: FOLDING,
  },
  { name: 'copies content to further paths', old: [a, b], next: [a, named(a, 'x/a'), named(a, 'y')] },
  {
    name: 'keeps what the player changed and put in the way',
    old: [a, b, file('x/y')],
    next: [named(c, 'a'), file('m/n'), file('x')],
    mine: [file('a', 50), file('m', 30), file('x/mine')],
  },
  { name: 'rewrites a file', old: [world, a], next: [edited(world, [1]), b], options: LEAST, rewritten: 1 },
  {
    name: 'rewrites a file that grows',
    old: [world],
    next: [edited(world, [], 6 * PIECE + 5)],
    options: LEAST,
    rewritten: 1,
  },
  {
    name: 'rewrites a file that shrinks',
    old: [world],
    next: [edited(world, [1], 4 * PIECE + 70)],
    options: LEAST,
    rewritten: 1,
  },
  {
    name: 'rewrites a file in which pieces change places',
    old: [world],
    next: [swapped(world)],
    options: LEAST,
    rewritten: 1,
  },
  {
    name: 'rewrites no file whose old content stays elsewhere',
    old: [world, named(a, 'x')],
    next: [edited(world, [3]), named(world, 'old/world.pak')],
    options: LEAST,
  },
  {
    name: 'rewrites files among all that else changes',
    old: [world, named(edited(world, [0]), 'data/two.pak'), a, b, link('k', 'a'), file('x/y')],
    next: [
      edited(world, [4]),
      named(edited(world, [0, 2]), 'data/two.pak'),
      named(a, 'b'),
      program(c),
      file('x'),
      link('k', 'b'),
    ],
    mine: [file('x/mine'), file('saves/one')],
    options: LEAST,
    rewritten: 2,
  },
];

describe(`a commit, cut at every step, seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
  it.each(KINDS)('that $name leaves the old release or the new one, and goes back again', async (kind) => {
    const { old, next, mine = [], options, disk } = kind;
    const releases = { old: releaseInMemory(old, '1.0.0'), next: releaseInMemory(next, '1.1.0') };
    const base = new MemoryFileSystem(disk);
    await moveInstall(base, releases.old);
    await putFiles(base, mine);
    const updated = base.clone();
    const { kept, rewritten } = await moveInstall(updated, releases.next, options);
    expect(rewritten.length).toBe(kind.rewritten ?? 0);
    const gone = new Set(kept.map(({ path }) => path));
    const isLeft = ({ path }: BuildFile): boolean =>
      !gone.has(path) && ![...gone].some((above) => path.startsWith(`${above}/`));
    expect(await describeTree(updated)).toEqual(await treeOf([...next, ...mine.filter(isLeft)]));

    for (const [from, to, way] of [
      [base, updated, releases.next],
      [updated, undefined, releases.old],
    ] as const) {
      const before = await describeTree(from);
      const moved = to ?? from.clone();
      if (to === undefined) await moveInstall(moved, way, options);
      const after = await describeTree(moved);
      const versions = new Set<string | undefined>();
      for await (const found of cutEverywhere(from.clone(), (files) => moveInstall(files, way, options), {
        random,
        ways: ['power_cut'],
      })) {
        const { step, after: cause, version, suspect, tree } = found;
        versions.add(version);
        const wanted = version === way.manifest.version ? after : before;
        expect({ step, cause, suspect, tree }).toEqual({ step, cause, suspect: false, tree: wanted });
        const left = version === way.manifest.version ? leftoversOf(found, ['kept']) : [];
        expect({ step, cause, left }).toEqual({ step, cause, left: [] });
        if (step % STEPS_PER_SECOND_MOVE > 0) continue;
        await moveInstall(found.files, way, { depth: 'deep' });
        expect({ step, cause, tree: await describeTree(found.files) }).toEqual({ step, cause, tree: after });
      }
      expect(versions).toEqual(new Set(['1.0.0', '1.1.0']));
    }
  });
});
