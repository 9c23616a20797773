/** Runs randomised tests again: `SWARMPATCH_SEED` is the seed that a failure printed. */
const seed = process.env['SWARMPATCH_SEED'];
if (seed !== undefined) {
  // Loaded by those alone who ask for it: most specs have no use for it.
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ seed: Number(seed) });
}

export {};
