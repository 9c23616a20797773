import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { nameOfNetworkDrive, networkDriveOf } from './network-drive.ts';

describe('networkDriveOf()', () => {
  it('knows a disk of this machine from one of another', async () => {
    expect(await networkDriveOf(tmpdir())).toBeUndefined();
    expect([0x6969, 0xff534d42, 0xff534d42 | 0, 0x01021997, 0xef53].map(nameOfNetworkDrive)).toEqual([
      'NFS',
      'SMB',
      'SMB',
      '9P',
      undefined,
    ]);
  });
});
