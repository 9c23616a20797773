import { JOURNAL_PATH, recover } from '@swarmpatch/install';
import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom, type BuildFile } from '../builds/index.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { describeTree, moveInstall, putFiles } from './memory-install.ts';
import { releaseInMemory } from './memory-release.ts';

const SEED = Number(process.env['SWARMPATCH_SEED'] ?? 20_261_121);
/** Hundreds of updates; a machine that does much else needs its time. */
const TIMEOUT_MS = 180_000;
const random = seededRandom(SEED);
const file = (path: string, lengthBytes: number): BuildFile => ({
  path,
  content: randomBytes(random, lengthBytes),
  executable: false,
});

const stays = file('data/stays', 70);
const older = releaseInMemory([stays, file('gone', 90), file('data/changes', 80), file('turns', 40)], '1.0.0');
const newer = releaseInMemory(
  [stays, file('data/changes', 85), file('turns/into', 30), file('new', 60), file('maps/one', 50)],
  '1.1.0',
);

/** Everything that stands anywhere, but in staging: what of the player's is in none of it is lost. */
async function contents(files: MemoryFileSystem, directory = ''): Promise<string[]> {
  const found: string[] = [];
  for (const { name, kind } of await files.list(directory)) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (path === '.swarmpatch/staging') continue;
    if (kind === 'directory') found.push(...(await contents(files, path)));
    else found.push(Buffer.from(await files.read(path)).toString('latin1'));
  }
  return found;
}

async function putOver(files: MemoryFileSystem, path: string): Promise<string> {
  const mine = file(path, 33);
  if ((await files.stat(path))?.kind === 'directory') {
    await putFiles(files, [{ ...mine, path: `${path}/mine` }]);
  } else {
    await files.remove(path);
    await putFiles(files, [mine]);
  }
  return Buffer.from(mine.content).toString('latin1');
}

describe(`files that come between a kill and the recovery, seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
  it.each(['gone', 'data/changes', 'turns', 'new', 'maps', 'maps/one'])(
    'are not lost where %s is cleared or taken',
    async (path) => {
      const base = new MemoryFileSystem();
      await moveInstall(base, older);
      const whole = base.clone();
      await moveInstall(whole, newer);
      const wanted = await describeTree(whole);
      let begun = 0;
      for (let step = 0; step < whole.steps; step += 1) {
        const cut = base.clone({ cutAtStep: step });
        await moveInstall(cut, newer).catch(() => undefined);
        const files = cut.clone();
        if ((await files.stat(JOURNAL_PATH)) === undefined) continue;
        begun += 1;
        const mine = await putOver(files, path);
        const recovered = files.clone();
        const recovery = await recover(recovered);
        expect({ step, kind: recovery.kind }).toEqual({ step, kind: 'finished' });
        expect(await contents(recovered)).toContain(mine);
        const tree = await describeTree(recovered);
        const isHere = tree.some((line) => !wanted.includes(line));
        // What was in place already and is replaced by a player is looked at by the next move.
        if (!isHere) expect(tree).toEqual(wanted);
        await moveInstall(recovered, newer, { depth: 'deep' });
        expect(await contents(recovered)).toContain(mine);
        expect(await describeTree(recovered)).toEqual(expect.arrayContaining(wanted));
      }
      expect(begun).toBeGreaterThan(20);
    },
  );
});
