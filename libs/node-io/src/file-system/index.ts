export { DiskFileSystem } from './disk-file-system.ts';
export { describeHolder, lockHolderOf, lockInstall, type InstallLock, type LockHolder } from './install-lock.ts';
export { networkDriveOf } from './network-drive.ts';
export { TreeHasher } from './tree-hasher.ts';
