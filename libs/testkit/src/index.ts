export * from './builds/index.ts';
export * from './file-system/index.ts';
export * from './swarm/index.ts';
export * from './terminal/index.ts';
