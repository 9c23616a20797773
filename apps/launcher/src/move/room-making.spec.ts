import { FileIndex, listUndo, planFrom, takeInventory } from '@swarmpatch/install';
import {
  generateBuild,
  MemoryFileSystem,
  MemoryHasher,
  moveInstall,
  nextBuild,
  releaseInMemory,
} from '@swarmpatch/testkit';
import { describe, expect, it } from 'vitest';
import { makeRoom } from './room-making.ts';

const first = generateBuild(3, { files: 8, largestBytes: 200_000 });
const second = nextBuild(first, 4);
const third = releaseInMemory(nextBuild(second, 5), '1.2.0');
const ENOUGH_BYTES = 10_000_000;

describe('makeRoom()', () => {
  async function makeRoomIn(spareBytes: number): Promise<{ undoBytes: number; leftBytes: number; failure: unknown }> {
    const base = new MemoryFileSystem();
    await moveInstall(base, releaseInMemory(first, '1.0.0'));
    await moveInstall(base, releaseInMemory(second, '1.1.0'));
    const usedBytes = Number.MAX_SAFE_INTEGER - (await base.freeBytes());
    const files = base.clone({ capacityBytes: usedBytes + spareBytes });
    const [index, hasher] = [await FileIndex.load(files), new MemoryHasher(files)];
    const inventory = await takeInventory({
      ...{ files, hasher, index, target: third.pieces, depth: 'quick' },
      installed: releaseInMemory(second, '1.1.0').manifest,
    });
    const undoOf = async (): Promise<number> => (await listUndo(files)).reduce((sum, { bytes }) => sum + bytes, 0);
    const undoBytes = await undoOf();
    const plan = planFrom(inventory, { scratchBytesMax: ENOUGH_BYTES });
    const failure = await makeRoom(files, { inventory, plan, route: [] }).catch((error: unknown) => error);
    return { undoBytes, leftBytes: await undoOf(), failure };
  }

  it('takes nothing away where there is too little room even then, and says how much is missing', async () => {
    const { undoBytes, leftBytes, failure } = await makeRoomIn(0);
    expect(failure).toMatchObject({ code: 'disk_full', missingBytes: expect.any(Number) as number });
    expect(undoBytes).toBeGreaterThan(0);
    expect(leftBytes).toBe(undoBytes);
    const { missingBytes } = failure as { missingBytes: number };
    expect(await makeRoomIn(missingBytes)).toMatchObject({ failure: undefined, leftBytes: 0 });
  });

  it('takes nothing away where there is enough', async () => {
    const { undoBytes, leftBytes, failure } = await makeRoomIn(ENOUGH_BYTES);
    expect({ leftBytes, failure }).toEqual({ leftBytes: undoBytes, failure: undefined });
  });
});
