/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '\\.spec\\.ts$', '/bin/', '/assembly/'] },
      to: {},
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'lib-to-lib-by-name',
      comment: 'A lib is reached through its index alone.',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: {
        path: '^(libs|apps)/[^/]+/src/',
        pathNot: ['^$1/$2/', '^libs/[^/]+/src/(index|contract)\\.ts$', '^libs/node-io/src/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'prisma-rows-stay-in-repositories',
      severity: 'error',
      from: { pathNot: '^apps/origin/src/(database/|generated/|.*\\.repository\\.ts$)' },
      to: { path: '(^apps/origin/src/generated/|node_modules/@prisma/)' },
    },
    {
      name: 'no-dev-packages-in-products',
      severity: 'error',
      from: {
        path: '^(libs|apps)/',
        pathNot: ['\\.(spec|contract)\\.ts$', '/testing/', '^libs/testkit/', '/contract\\.ts$'],
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/generated/'] },
    exclude: { path: ['/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.lint.json' },
    enhancedResolveOptions: {
      conditionNames: ['@swarmpatch/source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
