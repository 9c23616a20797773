import type { CommandSpec } from '@swarmpatch/terminal';

import { download } from './download-command.ts';

/** Commands for any torrent, without release metadata. */
export const downloadCommands: readonly CommandSpec[] = [download];
