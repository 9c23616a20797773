import { generateBuild, nextBuild, randomBytes, seededRandom } from '@swarmpatch/testkit';

export const OLD = '1.0.0';
export const NEW = '1.1.0';

/** Where the newer release has a directory. */
const LINK_OF_THE_OLD = 'current';
const LARGEST_BYTES = 400_000;

/**
 * Two releases between which everything changes that can: content, names, modes, links, and what is a directory.
 *
 * @param hugeBytes Of a file of which little changes. From 16 MiB on it is written where it lies.
 */
export function makeReleases(seed, hugeBytes) {
  const random = seededRandom(seed + 2);
  const file = (path, lengthBytes) => ({ path, content: randomBytes(random, lengthBytes), executable: false });
  const link = (path, symlink) => ({ path, content: new Uint8Array(), executable: false, symlink });
  const left = file('maps/left.map', 20_000);
  const right = file('maps/right.map', 30_000);
  const song = file('sounds/song.ogg', 18_000);
  const base = generateBuild(seed, { files: 10, largestBytes: LARGEST_BYTES });
  const notes = file('notes/readme.txt', 900);
  const huge = hugeBytes > 0 ? [file('data/huge.pak', hugeBytes)] : [];
  return {
    [OLD]: [...base, ...huge, left, right, song, notes, file('config.ini', 300), link(LINK_OF_THE_OLD, 'data')],
    [NEW]: [
      ...nextBuild(base, seed + 1),
      ...huge.map((each) => ({ ...each, content: edited(each.content, randomBytes(random, 60_000)) })),
      // Two that change places, one that becomes two, a directory that becomes a file, and a link that becomes a directory.
      { ...right, path: left.path },
      { ...left, path: right.path },
      { ...song, path: 'sounds/one.ogg' },
      { ...song, path: 'sounds/two.ogg' },
      file('notes', 50),
      file('config.ini', 310),
      file(`${LINK_OF_THE_OLD}/index.txt`, 80),
      file('levels/new.pak', 17_000),
    ],
  };
}

/** Other bytes in three places, and some more at the end. */
function edited(content, bytes) {
  const longer = Buffer.concat([content, bytes]);
  for (const share of [0.1, 0.5, 0.9]) longer.set(bytes.subarray(0, 500), Math.floor(share * content.length));
  return new Uint8Array(longer);
}
