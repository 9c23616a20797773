import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProgram } from './running-program.ts';

const LOOK_MS = 50;

/** The most memory that a program has resident until it ends, in bytes (Linux). */
export async function watchResidentMemory(program: RunningProgram): Promise<number> {
  let peakBytes = 0;
  while (program.isRunning) {
    const status = await readFile(`/proc/${program.pid}/status`, 'utf8').catch(() => '');
    const [, kibibytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
    peakBytes = Math.max(peakBytes, Number(kibibytes) * 1024);
    await sleep(LOOK_MS);
  }
  return peakBytes;
}
