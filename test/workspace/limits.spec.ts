import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeLimits } from '../../tools/limits.mjs';

describe('docs/LIMITS.md', () => {
  it('lists every limit as the code states it', async () => {
    const page = await readFile(fileURLToPath(new URL('../../docs/LIMITS.md', import.meta.url)), 'utf8');
    expect(page, 'run node tools/limits.mjs').toBe(await describeLimits());
  });
});
