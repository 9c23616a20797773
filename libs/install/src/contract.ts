export { describeFileSystem } from './file-system.contract.ts';
