import { defineConfig } from 'vitest/config';
import { bundledPrograms } from './test/runner/bundled-programs.ts';

const source = '@swarmpatch/source';

export default defineConfig({
  plugins: [await bundledPrograms(source)],
  resolve: { conditions: [source, 'node'] },
  ssr: { resolve: { conditions: [source, 'node'], externalConditions: [source] } },
  test: {
    include: ['{apps,libs}/*/src/**/*.spec.ts', 'test/**/*.spec.ts'],
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 20_000,
  },
});
