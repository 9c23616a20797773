import { defineConfig } from 'vitest/config';

const source = '@swarmpatch/source';

export default defineConfig({
  resolve: { conditions: [source, 'node'] },
  ssr: { resolve: { conditions: [source, 'node'], externalConditions: [source] } },
  test: {
    include: ['{apps,libs}/*/src/**/*.spec.ts', 'test/**/*.spec.ts'],
    pool: 'forks',
    maxWorkers: 3,
    execArgv: ['--import', '@oxc-node/core/register', '-C', source],
    testTimeout: 20_000,
  },
});
