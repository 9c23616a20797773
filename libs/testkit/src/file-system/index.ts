export { FileSystemError, MemoryFileSystem, PowerCut, type MemoryFileSystemOptions } from './memory-file-system.ts';
export { hashesOf, MemoryHasher } from './memory-hasher.ts';
export {
  describeTree,
  moveInstall,
  NEW_INSTALL,
  putFiles,
  type MoveOptions,
  type MoveResult,
} from './memory-install.ts';
export { releaseInMemory, type MemoryRelease } from './memory-release.ts';
