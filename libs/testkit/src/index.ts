export * from './builds/index.ts';
