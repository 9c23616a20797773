import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileOperations } from '../../tools/operations-module.mjs';

describe('operations-module.ts', () => {
  it('is what assembly/operations.ts compiles to', async () => {
    const path = fileURLToPath(new URL('../../libs/delta/src/apply/operations-module.ts', import.meta.url));
    expect(await readFile(path, 'utf8'), 'run node tools/operations-module.mjs').toBe(await compileOperations());
  });
});
