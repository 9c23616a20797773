import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { randomInteger } from '@swarmpatch/testkit';
import { filesBelow } from './tree.mjs';

/** What the player has there is not the launcher's to mend. */
const NOT_OURS = /^kept\//;

/**
 * Damages one of the launcher's own files: state, index, trust, documents, staging, journal.
 *
 * @returns {Promise<string>} What was done to which.
 */
export async function corruptOneFile(directory, random) {
  const own = join(directory, '.swarmpatch');
  const paths = (await filesBelow(own)).filter((path) => !NOT_OURS.test(relative(own, path)));
  if (paths.length === 0) return 'nothing to corrupt';
  // Staging has many files, and a journal is one: each kind of file has the same chance.
  const kinds = groupByKind(own, paths);
  const names = [...kinds.keys()];
  const among = kinds.get(names[randomInteger(random, 0, names.length - 1)]);
  const path = among[randomInteger(random, 0, among.length - 1)];
  const bytes = await readFile(path);
  const [name, corrupt] = CORRUPTIONS[randomInteger(random, 0, CORRUPTIONS.length - 1)];
  await corrupt(path, bytes, random);
  return `${name} ${relative(own, path)}`;
}

const CORRUPTIONS = [
  [
    'flip a bit of',
    async (path, bytes, random) => {
      if (bytes.length === 0) return;
      bytes[randomInteger(random, 0, bytes.length - 1)] ^= 1 << randomInteger(random, 0, 7);
      await writeFile(path, bytes);
    },
  ],
  ['cut', (path, bytes, random) => truncate(path, randomInteger(random, 0, bytes.length))],
  ['write zeros over', (path, bytes) => writeFile(path, Buffer.alloc(bytes.length))],
  ['write more to', (path, bytes) => writeFile(path, Buffer.concat([bytes, Buffer.from('more')]))],
];

function groupByKind(own, paths) {
  const kinds = new Map();
  for (const path of paths) {
    const kind = relative(own, path).split('/', 2).slice(0, -1).join('/') || relative(own, path);
    kinds.set(kind, [...(kinds.get(kind) ?? []), path]);
  }
  return kinds;
}
