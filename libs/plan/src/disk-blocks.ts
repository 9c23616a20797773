/** Disks give room in blocks; 4 KiB is the usual one, and a plan that rounds to it does not promise too much. */
export const DISK_BLOCK_BYTES = 4096;

export function inDiskBlocks(lengthBytes: number): number {
  return Math.ceil(lengthBytes / DISK_BLOCK_BYTES) * DISK_BLOCK_BYTES;
}
