import { configDefaults, defineConfig } from 'vitest/config';
import { bundledPrograms } from './test/runner/bundled-programs.ts';

const source = '@swarmpatch/source';

/** Of libraries without input and output: their tests cannot disturb each other, and a process that runs several loads them once. */
const SANS_IO = 'libs/!(node-io|terminal|delta)/src/**/*.spec.ts';

export default defineConfig({
  plugins: [bundledPrograms(source)],
  resolve: { conditions: [source, 'node'] },
  ssr: { resolve: { conditions: [source, 'node'], externalConditions: [source] } },
  test: {
    setupFiles: ['./test/runner/seed.ts'],
    pool: 'forks',
    maxWorkers: 3,
    // However busy the machine is: they end what hangs, and say nothing of how fast anything is.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'sans-io', include: [SANS_IO], isolate: false } },
      {
        extends: true,
        test: {
          name: 'machine',
          include: ['{apps,libs}/*/src/**/*.spec.ts', 'test/**/*.spec.ts'],
          exclude: [...configDefaults.exclude, SANS_IO],
        },
      },
    ],
  },
});
