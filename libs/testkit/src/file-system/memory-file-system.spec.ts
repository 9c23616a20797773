import { describeFileSystem } from '@swarmpatch/install/contract';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../builds/index.ts';
import { MemoryFileSystem, PowerCut } from './memory-file-system.ts';

describeFileSystem('MemoryFileSystem', () =>
  Promise.resolve({ files: new MemoryFileSystem(), close: () => Promise.resolve() }),
);

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('MemoryFileSystem', () => {
  /** Every outcome that a hundred power cuts give. */
  async function outcomesOf(files: MemoryFileSystem, path: string): Promise<Set<string>> {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 100; seed += 1) {
      const after = files.afterPowerCut(seededRandom(seed));
      outcomes.add(
        await after.read(path).then(
          (content) => Buffer.from(content).toString(),
          () => 'nothing',
        ),
      );
    }
    return outcomes;
  }

  it('keeps what was synced through a power cut', async () => {
    const files = new MemoryFileSystem();
    await files.write('a', bytes('one'));
    await files.sync(['a']);
    await files.syncDirectories(['']);
    expect(await outcomesOf(files, 'a')).toEqual(new Set(['one']));
  });

  it('loses, keeps or tears what was not', async () => {
    const files = new MemoryFileSystem();
    await files.write('a', bytes('one'));
    const outcomes = await outcomesOf(files, 'a');
    expect(outcomes).toContain('nothing');
    expect(outcomes).toContain('one');
    expect(outcomes).toContain('');
  });

  it('does a rename wholly or not at all', async () => {
    const files = new MemoryFileSystem();
    await files.write('a', bytes('new'));
    await files.write('b', bytes('old'));
    await files.sync(['a', 'b']);
    await files.syncDirectories(['']);
    await files.rename('a', 'b');
    expect(await outcomesOf(files, 'b')).toEqual(new Set(['old', 'new']));
    for (let seed = 0; seed < 50; seed += 1) {
      const after = files.afterPowerCut(seededRandom(seed));
      const isRenamed = Buffer.from(await after.read('b')).toString() === 'new';
      expect((await after.stat('a')) === undefined).toBe(isRenamed);
    }
  });

  it('does nothing more once the power is cut', async () => {
    const files = new MemoryFileSystem({ cutAtStep: 1 });
    await files.write('a', bytes('one'));
    await expect(files.write('b', bytes('two'))).rejects.toThrow(PowerCut);
    await expect(files.write('c', bytes('two'))).rejects.toThrow(PowerCut);
    expect(files.steps).toBe(1);
  });

  it('runs full', async () => {
    const files = new MemoryFileSystem({ capacityBytes: 8192 });
    await files.write('a', new Uint8Array(8192).fill(1));
    await expect(files.write('b', bytes('x'))).rejects.toMatchObject({ code: 'ENOSPC' });
    await files.remove('a');
    await files.write('b', bytes('x'));
  });
});
