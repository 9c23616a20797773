import { Buffer } from 'node:buffer';

import { MetainfoError } from './metainfo-error.ts';

/** Most file systems hold no longer name. */
export const PATH_COMPONENT_BYTES_MAX = 255;
/** macOS allows 1024 with the directory that the torrent is put in. */
export const PATH_BYTES_MAX = 1000;
export const PATH_DEPTH_MAX = 64;

export type PathProblem =
  | 'empty'
  | 'dot_component'
  | 'separator'
  | 'control_character'
  | 'reserved_character'
  | 'trailing_dot_or_space'
  | 'device_name'
  | 'not_unicode'
  | 'too_long'
  | 'too_deep';

const PROBLEM_TEXTS: Readonly<Record<PathProblem, string>> = {
  empty: 'has an empty component',
  dot_component: 'has a component "." or ".."',
  separator: 'has a "/" or "\\" inside a component',
  control_character: 'has a control character',
  reserved_character: 'has one of < > : " | ? *, which Windows refuses',
  trailing_dot_or_space: 'has a component that ends in a dot or a space, which Windows drops',
  device_name: 'has a component that names a Windows device',
  not_unicode: 'is not valid Unicode',
  too_long: `is longer than ${PATH_BYTES_MAX} bytes or has a component longer than ${PATH_COMPONENT_BYTES_MAX}`,
  too_deep: `is more than ${PATH_DEPTH_MAX} directories deep`,
};

const SEPARATOR = /[/\\]/;
// C0, DEL, C1: they break terminals and some file systems.
// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;
const RESERVED_CHARACTER = /[<>:"|?*]/;
const TRAILING_DOT_OR_SPACE = /[. ]$/;
// eslint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const DEVICE_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;

/** What is wrong with one name of a path, on any of the systems that a game is shipped to; undefined when nothing is. */
export function findComponentProblem(component: string): PathProblem | undefined {
  if (component === '') return 'empty';
  if (component === '.' || component === '..') return 'dot_component';
  if (SEPARATOR.test(component)) return 'separator';
  if (CONTROL_CHARACTER.test(component)) return 'control_character';
  if (RESERVED_CHARACTER.test(component)) return 'reserved_character';
  if (TRAILING_DOT_OR_SPACE.test(component)) return 'trailing_dot_or_space';
  if (DEVICE_NAME.test(component)) return 'device_name';
  if (LONE_SURROGATE.test(component)) return 'not_unicode';
  if (Buffer.byteLength(component) > PATH_COMPONENT_BYTES_MAX) return 'too_long';
  return undefined;
}

/**
 * What is wrong with a relative path, components separated by `/`. Covers what would leave the directory (`..`,
 * absolute, drive, UNC, NUL) and what some system cannot hold (reserved characters, device names, trailing dots).
 */
export function findPathProblem(path: string): PathProblem | undefined {
  const components = path.split('/');
  if (components.length > PATH_DEPTH_MAX) return 'too_deep';
  for (const component of components) {
    const problem = findComponentProblem(component);
    if (problem) return problem;
  }
  return Buffer.byteLength(path) > PATH_BYTES_MAX ? 'too_long' : undefined;
}

/**
 * Refuses a relative path that `findPathProblem` finds fault with.
 *
 * @throws {MetainfoError} `bad_path`
 */
export function checkPath(path: string): void {
  const problem = findPathProblem(path);
  if (problem)
    throw new MetainfoError('bad_path', `check path ${JSON.stringify(path)}: it ${describePathProblem(problem)}`, path);
}

/** The end of a sentence that begins with the path. */
export function describePathProblem(problem: PathProblem): string {
  return PROBLEM_TEXTS[problem];
}

export interface PathCollision {
  readonly path: string;
  /** The path, or the directory, that was there before. */
  readonly with: string;
  /** `same`: twice the same path. `folded`: differs in case or Unicode form only. `parent`: a file is also a directory. */
  readonly kind: 'same' | 'folded' | 'parent';
}

/**
 * Finds paths that are one and the same on some file system, directories included.
 *
 * @param paths Those in one directory beside one another take the least memory.
 * @returns At most `countMax` collisions, in order of the paths.
 */
export function findPathCollisions(paths: ReiterablePaths, countMax = 100): PathCollision[] {
  return mayCollide(paths) ? listPathCollisions(paths, countMax) : [];
}

/** Paths that can be gone through more than once. */
interface ReiterablePaths {
  readonly length: number;
  [Symbol.iterator](): Iterator<string>;
}

/** Whether two entries have the same number of 53 bits made of what they fold to: that takes a fraction of the memory of the names. */
function mayCollide(paths: ReiterablePaths): boolean {
  let numbers = new Float64Array(2 * paths.length + 64);
  let count = 0;
  let directoryBefore = '';
  for (const path of paths) {
    const end = path.lastIndexOf('/') + 1;
    if (end !== directoryBefore.length || !path.startsWith(directoryBefore)) addDirectories(path, end);
    add(numberOf(foldPath(path)));
  }
  const sorted = numbers.subarray(0, count).sort();
  return sorted.some((number, index) => index > 0 && number === sorted[index - 1]);

  /** Those that the path before is not in. */
  function addDirectories(path: string, end: number): void {
    let shared = 0;
    while (shared < end && shared < directoryBefore.length && path[shared] === directoryBefore[shared]) shared += 1;
    for (let at = path.indexOf('/'); at >= 0 && at < end; at = path.indexOf('/', at + 1)) {
      if (at >= shared) add(numberOf(foldPath(path.slice(0, at))));
    }
    directoryBefore = path.slice(0, end);
  }

  function add(number: number): void {
    if (count === numbers.length) {
      const grown = new Float64Array(2 * numbers.length);
      grown.set(numbers);
      numbers = grown;
    }
    numbers[count] = number;
    count += 1;
  }
}

/** Two multiplicative hashes of 32 and 21 bits. */
function numberOf(text: string): number {
  let [low, high] = [0x811c9dc5, 0x9747b28c];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x5bd1e995) ^ (high >>> 15);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function listPathCollisions(paths: ReiterablePaths, countMax: number): PathCollision[] {
  // By what they fold to; those of files are not known directories.
  const entries = new Map<string, string>();
  const knownDirectories = new Set<string>(['']);
  const collisions: PathCollision[] = [];
  for (const path of paths) {
    if (collisions.length >= countMax) break;
    const collision = addDirectories(path) ?? addFile(path);
    if (collision) collisions.push(collision);
  }
  return collisions;

  function addFile(path: string): PathCollision | undefined {
    const key = foldPath(path);
    const found = entries.get(key);
    if (found === undefined) {
      entries.set(key, path);
      return undefined;
    }
    if (knownDirectories.has(found)) return { path, with: found, kind: 'parent' };
    return { path, with: found, kind: found === path ? 'same' : 'folded' };
  }

  function addDirectories(path: string): PathCollision | undefined {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      const directory = path.slice(0, at);
      if (knownDirectories.has(directory)) continue;
      const key = foldPath(directory);
      const found = entries.get(key);
      if (found !== undefined) {
        if (!knownDirectories.has(found)) return { path, with: found, kind: 'parent' };
        if (found !== directory) return { path, with: found, kind: 'folded' };
      }
      entries.set(key, directory);
      knownDirectories.add(directory);
    }
    return undefined;
  }
}

/** What a file system that ignores case and Unicode form compares. Folds more than any one of them, never less. */
export function foldPath(path: string): string {
  // Most are this, and in small letters: then it is the path itself, and no memory.
  if (ASCII.test(path)) return path.toLowerCase();
  return path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');
}

/** Compares as the `pathSortKey`s do, without making them; of paths that are valid Unicode. */
export function comparePaths(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (a !== b) return rankOf(a) - rankOf(b);
  }
  return left.length - right.length;
}

/** UTF-16 has what is above U+FFFF, in surrogates, before U+E000, and UTF-8 behind U+FFFF. */
function rankOf(unit: number): number {
  if (unit === 0x2f) return 0;
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Sorts as the file tree of a v2 torrent does: component by component, by bytes of UTF-8. One character per byte. */
export function pathSortKey(path: string): string {
  return Buffer.from(path.replaceAll('/', '\0')).toString('latin1');
}
