import { describe, expect, it } from 'vitest';

import { DeltaError } from '../delta-error.ts';
import { memoryOf } from './operations.ts';

describe('memoryOf()', () => {
  it('says so when there is no memory', () => {
    expect(() => memoryOf(2 ** 40)).toThrow(DeltaError);
    expect(() => memoryOf(2 ** 40)).toThrow(expect.objectContaining({ code: 'no_memory' }));
  });
});
