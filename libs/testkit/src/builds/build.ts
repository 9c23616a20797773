import { randomBytes, randomInteger, randomText, seededRandom } from './seeded-random.ts';

export interface BuildFile {
  /** Posix, relative to the build. */
  path: string;
  /** Empty for a link. */
  content: Uint8Array;
  executable: boolean;
  /** Target of a symbolic link, relative to the link's directory. */
  symlink?: string;
}

/** A game build in memory, sorted by path (code units). */
export type Build = readonly BuildFile[];

export interface BuildOptions {
  /** About this many files; those that make a build believable come on top. */
  files?: number;
  /** Size of the largest file. */
  largestBytes?: number;
}

const BLOCK_LENGTH_BYTES = 16_384;

/**
 * A believable build: one large archive, files around the size of a block, many small ones in nested directories, programs,
 * links, empty files, names outside ASCII.
 */
export function generateBuild(seed: number, options: BuildOptions = {}): Build {
  const { files = 24, largestBytes = 3_000_000 } = options;
  const random = seededRandom(seed);
  const build: BuildFile[] = [
    data('data/world.pak', randomBytes(random, largestBytes)),
    data('data/music/theme.ogg', randomBytes(random, Math.ceil(largestBytes / 5))),
    data('scripts/main.lua', randomText(random, 90_000)),
    program('bin/starfall', randomBytes(random, 200_000)),
    program('bin/tools/crash-reporter', randomText(random, 900)),
    data('data/one-block', randomBytes(random, BLOCK_LENGTH_BYTES)),
    data('data/one-block-less-one', randomBytes(random, BLOCK_LENGTH_BYTES - 1)),
    data('data/one-block-and-one', randomBytes(random, BLOCK_LENGTH_BYTES + 1)),
    data('data/one-byte', randomBytes(random, 1)),
    data('data/empty.cfg', new Uint8Array(0)),
    program('bin/empty-hook', new Uint8Array(0)),
    data('locale/français/été.txt', randomText(random, 1200)),
    data('locale/日本語/メニュー.txt', randomText(random, 2300)),
    data('locale/emoji 🎮 and spaces.txt', randomText(random, 77)),
    link('starfall', 'bin/starfall'),
    link('data/music/current', 'theme.ogg'),
    link('locale/default', 'français'),
  ];
  for (let index = 0; index < files; index += 1) {
    const directory = `assets/${'abcd'[index % 4] ?? 'a'}/${Math.floor(index / 8)}`;
    const lengthBytes = Math.floor(120_000 ** random());
    const content = random() < 0.5 ? randomText(random, lengthBytes) : randomBytes(random, lengthBytes);
    build.push(data(`${directory}/item-${index}.bin`, content));
  }
  return sorted(build);
}

/**
 * A believable next build: files edited in the middle, one grown at its front, one renamed, one removed, one added, one that
 * became a program, one link that points elsewhere.
 */
export function nextBuild(build: Build, seed: number): Build {
  const random = seededRandom(seed);
  const files = build.map((file) => ({ ...file }));
  const regular = files.filter((file) => file.symlink === undefined);
  const large = regular.toSorted((left, right) => right.content.length - left.content.length);
  const small = large.filter((file) => file.content.length > 0 && file.content.length < 100_000);
  for (const file of large.slice(0, Math.max(3, Math.ceil(large.length / 50))))
    file.content = editMiddle(random, file.content);

  const [, grown] = large;
  if (grown) grown.content = join(randomBytes(random, 1001), grown.content);
  const [renamed, removed, promoted] = small;
  if (renamed) renamed.path = `${renamed.path}.moved-${seed}`;
  if (promoted) promoted.executable = !promoted.executable;
  const retargeted = files.find((file) => file.path === 'locale/default');
  if (retargeted) retargeted.symlink = retargeted.symlink === 'français' ? '日本語' : 'français';

  const added = data(`assets/new-level-${seed}.pak`, randomBytes(random, 300_000));
  return sorted([...files.filter((file) => file !== removed), added]);
}

function editMiddle(random: () => number, content: Uint8Array): Uint8Array {
  const edited = content.slice();
  for (let edit = 0; edit < 3; edit += 1) {
    const patch = randomBytes(random, Math.min(37, edited.length));
    edited.set(patch, randomInteger(random, 0, edited.length - patch.length));
  }
  return edited;
}

function data(path: string, content: Uint8Array): BuildFile {
  return { path, content, executable: false };
}

function program(path: string, content: Uint8Array): BuildFile {
  return { path, content, executable: true };
}

function link(path: string, symlink: string): BuildFile {
  return { path, content: new Uint8Array(0), executable: false, symlink };
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function sorted(files: BuildFile[]): Build {
  return files.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}
