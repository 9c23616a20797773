import type { CommandSpec } from '@swarmpatch/terminal';
import { downloadCommands } from '../download/index.ts';
import { install } from './install.ts';
import { plan } from './plan.ts';
import { repair } from './repair.ts';
import { rollback } from './rollback.ts';
import { seed } from './seed.ts';
import { status } from './status.ts';
import { update } from './update.ts';
import { verify } from './verify.ts';

export const launcherCommands: readonly CommandSpec[] = [
  install,
  update,
  plan,
  verify,
  repair,
  rollback,
  status,
  seed,
  ...downloadCommands,
];
