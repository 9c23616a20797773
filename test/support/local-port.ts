import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProgram } from './running-program.ts';

const LOOK_MS = 20;

/** For programs that cannot be told to pick a port themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a listening socket has no port');
  return address.port;
}

/** Waits until a program takes connections at its port. @throws when it ends first. */
export async function untilListening(port: number, program: RunningProgram): Promise<void> {
  while (!(await isListening(port))) {
    if (!program.isRunning) throw new Error(`wait for port ${port}: its program ended early: ${program.complaints}`);
    await sleep(LOOK_MS);
  }
}

/** Whether somebody takes connections there, on this machine. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const found = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return found;
}
