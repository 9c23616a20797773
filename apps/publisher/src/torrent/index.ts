import type { CommandSpec } from '@swarmpatch/terminal';

import { torrentCheck } from './torrent-check.ts';
import { torrentCreate } from './torrent-create.ts';
import { torrentShow } from './torrent-show.ts';

export const torrentCommands: CommandSpec[] = [torrentCreate, torrentShow, torrentCheck];
