import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';

/** Only root can have a disk of its own. */
export function canMount() {
  return process.getuid?.() === 0 && process.platform === 'linux';
}

/** Puts an empty disk of this size at a path. */
export async function mountDisk(directory, sizeBytes) {
  await mkdir(directory, { recursive: true });
  mount(directory, `size=${Math.ceil(sizeBytes)}`);
}

/** As it is for somebody who has made room. */
export function growDisk(directory, sizeBytes) {
  mount(directory, `remount,size=${Math.ceil(sizeBytes)}`);
}

export function unmountDisk(directory) {
  spawnSync('umount', [directory]);
}

function mount(directory, options) {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`mount a disk (${options}) at ${directory}: ${stderr}`);
}
