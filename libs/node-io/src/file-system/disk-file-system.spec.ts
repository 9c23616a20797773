import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFileSystem } from '@swarmpatch/install/contract';
import { DiskFileSystem } from './disk-file-system.ts';

describeFileSystem('DiskFileSystem', async () => {
  const root = await mkdtemp(join(tmpdir(), 'swarmpatch-files-'));
  return { files: new DiskFileSystem(root), close: () => rm(root, { recursive: true, force: true }) };
});
