import { statfs } from 'node:fs/promises';
import { platform } from 'node:process';

/** File systems of other machines, by the number that statfs(2) of Linux gives them. */
const NETWORK_DRIVES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x73757245, 'Coda'],
]);

/** @returns what kind of network drive a directory is on; undefined on a disk of this machine, and where the system does not say. */
export async function networkDriveOf(directory: string): Promise<string | undefined> {
  if (platform !== 'linux') return undefined;
  return nameOfNetworkDrive((await statfs(directory)).type);
}

/** @param type As statfs(2) gives it; some numbers come with their sign. */
export function nameOfNetworkDrive(type: number): string | undefined {
  return NETWORK_DRIVES.get(type >>> 0);
}
