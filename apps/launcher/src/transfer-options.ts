import type { SessionOptions, TorrentOptions } from '@swarmpatch/node-io/transfer';
import { type CommandInput, type Endpoint, type OptionSpec, UsageError } from '@swarmpatch/terminal';

import type { PauseRules } from './pausing/transfer-pauses.ts';
import { dailySpanForm, parseDailySpan } from './pausing/schedule.ts';
import { FirstFiles } from './play-first/first-files.ts';
import { GLOB_CHARACTERS_MAX, parseGlob } from './play-first/path-glob.ts';

/** What the options of all that transfer say: of the session, and of each of its torrents. */
export interface TransferSettings
  extends SessionOptions, Pick<TorrentOptions, 'peers' | 'webSeedUse' | 'deadlineMs' | 'timeoutMs'> {
  readonly pauses: PauseRules;
  /** Undefined when all files are equal. */
  readonly firstFiles: FirstFiles | undefined;
  readonly api: Endpoint | undefined;
  /** How long to serve others once everything is here. */
  readonly seedForMs: number | undefined;
}

const ENCRYPTION_POLICIES = ['require', 'prefer', 'allow', 'refuse'] as const;

export const maxDownloadOption: OptionSpec = {
  name: 'max-download',
  value: 'rate',
  kind: 'rate',
  description: 'most to receive in a second, from peers and web seeds',
};

/** Options of every command that transfers. */
export const transferOptions: readonly OptionSpec[] = [
  {
    name: 'listen',
    value: 'host:port',
    kind: 'endpoint',
    description:
      'where peers may connect; every interface and a free port unless given, another port if that one is taken',
  },
  { name: 'peer', value: 'host:port', kind: 'endpoint', repeatable: true, description: 'a peer to connect to' },
  { name: 'no-peers', kind: 'switch', description: 'neither connect to peers nor let them connect: web seeds alone' },
  {
    name: 'encryption',
    value: 'policy',
    kind: 'choice',
    choices: ENCRYPTION_POLICIES,
    description: 'of connections to peers; preferred unless given',
  },
  { name: 'no-web-seeds', kind: 'switch', description: 'fetch nothing over HTTP: peers alone' },
  { name: 'no-dht', kind: 'switch', description: 'do not look for peers in the DHT' },
  {
    name: 'dht-bootstrap',
    value: 'host:port',
    kind: 'endpoint',
    repeatable: true,
    description: 'a DHT node to begin with, in place of the public ones',
  },
  { name: 'no-lan', kind: 'switch', description: 'do not look for peers on the local network' },
  { name: 'no-port-mapping', kind: 'switch', description: 'do not ask the router to let peers in' },
  maxDownloadOption,
  { name: 'max-upload', value: 'rate', kind: 'rate', description: 'most to send in a second' },
  { name: 'lan-unlimited', kind: 'switch', description: 'count peers of the local network under neither limit' },
  {
    name: 'schedule',
    value: 'hh:mm-hh:mm',
    kind: 'text',
    form: dailySpanForm,
    repeatable: true,
    description: 'transfer only within this part of each day, such as 23:00-07:30; local time',
  },
  {
    name: 'pause-while',
    value: 'process',
    kind: 'text',
    repeatable: true,
    description: 'transfer nothing while a program of this name runs, such as the game',
  },
  {
    name: 'play-first',
    value: 'glob',
    kind: 'text',
    form: { wanted: `1 to ${GLOB_CHARACTERS_MAX} characters, such as 'data/level1/**'`, read: parseGlob },
    repeatable: true,
    description: "fetch matching files first and say when they are whole; such as 'game.exe' or 'data/level1/**'",
  },
  {
    name: 'api',
    value: 'host:port',
    kind: 'endpoint',
    form: { wanted: 'an address of this machine alone, such as 127.0.0.1:0', read: refuseOtherMachines },
    description: 'show the transfer to programs of this machine: status, events, files as they come; port 0 picks one',
  },
  {
    name: 'seed-for',
    value: 'seconds',
    kind: 'seconds',
    description: 'serve others for so long when everything is here',
  },
  {
    name: 'deadline',
    value: 'seconds',
    kind: 'seconds',
    description: 'have everything after this time: HTTP helps out when peers are too slow for it',
  },
  {
    name: 'timeout',
    value: 'seconds',
    kind: 'seconds',
    description: 'give up when not everything is here after this time',
  },
];

/** Of commands that may be the first to have everything. */
export const superSeedOption: OptionSpec = {
  name: 'super-seed',
  kind: 'switch',
  description: 'give the first copy away with as few bytes as can be; for the only one who has everything',
};

export function readTransferSettings(input: CommandInput): TransferSettings {
  const encryption = input.text('encryption');
  return {
    listen: input.endpoint('listen'),
    peers: input.endpoints('peer'),
    peerUse: input.flag('no-peers') ? 'avoid' : 'use',
    encryption: ENCRYPTION_POLICIES.find((policy) => policy === encryption),
    webSeedUse: input.flag('no-web-seeds') ? 'avoid' : 'use',
    limits: { downloadBytesPerSecond: input.number('max-download'), uploadBytesPerSecond: input.number('max-upload') },
    deadlineMs: milliseconds(input.number('deadline')),
    timeoutMs: milliseconds(input.number('timeout')),
    seedForMs: milliseconds(input.number('seed-for')),
    lanLimits: input.flag('lan-unlimited') ? 'exempt' : 'counted',
    discovery: readDiscovery(input),
    pauses: {
      schedule: input.list('schedule').map((text) => parseDailySpan(text)),
      pauseWhile: input.list('pause-while'),
    },
    firstFiles: readFirstFiles(input.list('play-first')),
    api: input.endpoint('api'),
  };
}

function readDiscovery(input: CommandInput): SessionOptions['discovery'] {
  const named = input.endpoints('dht-bootstrap');
  return {
    dht: input.flag('no-dht') ? undefined : { bootstrapNodes: named.length > 0 ? named : undefined },
    lan: input.flag('no-lan') ? 'avoid' : 'use',
    portMapping: input.flag('no-port-mapping') ? 'avoid' : 'use',
  };
}

function readFirstFiles(globs: readonly string[]): FirstFiles | undefined {
  return globs.length === 0 ? undefined : new FirstFiles(globs);
}

function refuseOtherMachines(endpoint: string): void {
  if (!/^(?:127\.0\.0\.1|\[::1\]|localhost):/.test(endpoint))
    throw new UsageError(`${endpoint} is not of this machine alone`);
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
