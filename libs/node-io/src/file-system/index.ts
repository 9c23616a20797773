export { DiskFileSystem } from './disk-file-system.ts';
export { lockInstall, type InstallLock, type LockHolder } from './install-lock.ts';
export { networkDriveOf } from './network-drive.ts';
export { TreeHasher } from './tree-hasher.ts';
