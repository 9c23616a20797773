import eslint from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const base = ['room:base'];
const format = [...base, 'room:format'];
const engine = [...format, 'room:engine'];
const io = [...engine, 'room:io'];

/** docs/ARCHITECTURE.md, "Who may import whom". */
const rooms = [
  { sourceTag: 'room:base', onlyDependOnLibsWithTags: base },
  { sourceTag: 'room:format', onlyDependOnLibsWithTags: format },
  { sourceTag: 'room:engine', onlyDependOnLibsWithTags: engine },
  { sourceTag: 'room:io', onlyDependOnLibsWithTags: io },
  { sourceTag: 'room:test', onlyDependOnLibsWithTags: [...io, 'room:test'] },
  { sourceTag: 'room:app', onlyDependOnLibsWithTags: io },
];

const nestAndPrisma = {
  group: ['@nestjs/*', '@prisma/*', '**/generated/*'],
  message: 'NestJS and the Prisma client stay inside apps/origin.',
};
const prismaRows = {
  group: ['**/generated/**', '@prisma/*'],
  message: 'A Prisma row never leaves its *.repository.ts; only apps/origin/src/database opens the client.',
};
/** Tests of io and apps may use the testkit; a lib below it cannot, or the two would import each other. */
const roomsOfTests = rooms.map((room) =>
  ['room:io', 'room:app'].includes(room.sourceTag) ? { ...room, onlyDependOnLibsWithTags: [...io, 'room:test'] } : room,
);

const boundary = (depConstraints) => [
  'error',
  { depConstraints, banTransitiveDependencies: true, enforceBuildableLibDependency: false, allow: [] },
];

const testkit = {
  group: ['@swarmpatch/testkit', '@swarmpatch/testkit/*', '@swarmpatch/*/contract', 'vitest'],
  message: 'Only tests use the testkit.',
};
const outside = {
  regex: '^(node:(?!crypto$|buffer$)|undici$|piscina$|ws$)',
  message: 'Engines touch no socket, file, clock or thread: declare a port and implement it in node-io.',
};
const randomness = {
  name: 'node:crypto',
  importNames: [
    'randomBytes',
    'randomInt',
    'randomUUID',
    'randomFill',
    'randomFillSync',
    'generateKeyPair',
    'generateKeyPairSync',
    'webcrypto',
    'default',
  ],
  message: 'Engines take randomness as a parameter.',
};
const clocksAndTimers = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'process',
  'performance',
  'crypto',
  'WebSocket',
  'Worker',
  'console',
].map((name) => ({ name, message: 'Engines take time, randomness and bytes as parameters.' }));

const tests = [
  '**/*.spec.ts',
  '**/*.contract.ts',
  '**/contract.ts',
  '**/testing/**',
  'libs/testkit/**',
  'test/**',
  'vitest.config.ts',
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', '.nx/**', 'libs/delta/assembly/**'] },
  eslint.configs.recommended,
  {
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        AbortSignal: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: ['tsconfig.lint.json'], tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      'no-restricted-imports': ['error', { patterns: [nestAndPrisma, testkit] }],
    },
  },
  {
    files: ['{apps,libs}/**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': boundary(rooms),
    },
  },
  {
    files: [
      'libs/{bencode,merkle,metainfo,release,api-contract,trust,delta,plan,peer-wire,swarm,tracker,install,storage}/src/**/*.ts',
    ],
    rules: {
      'no-restricted-imports': ['error', { paths: [randomness], patterns: [nestAndPrisma, testkit, outside] }],
      'no-restricted-globals': ['error', ...clocksAndTimers],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time comes in as nowMs.' },
        { object: 'Math', property: 'random', message: 'Randomness comes in as a parameter.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time comes in as nowMs.' },
        { selector: 'ImportExpression', message: 'Engines load nothing while they run.' },
      ],
    },
  },
  {
    files: ['apps/origin/src/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [prismaRows, testkit] }] },
  },
  {
    files: ['apps/origin/src/database/**/*.ts', 'apps/origin/src/**/*.repository.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [testkit] }] },
  },
  {
    files: tests,
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@nestjs/*'], message: 'NestJS stays inside apps/origin.' }] },
      ],
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['{apps,libs}/**/*.{spec,contract}.ts', '{apps,libs}/**/testing/**'],
    rules: { '@nx/enforce-module-boundaries': boundary(roomsOfTests) },
  },
  { files: ['apps/origin/**/*.spec.ts', 'apps/origin/**/testing/**'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['*.config.{js,ts}', '*.config.cjs', 'tools/**'],
    rules: { 'no-restricted-exports': 'off', 'no-console': 'off' },
  },
);
