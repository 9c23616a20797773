import { type CommandSpec, UsageError } from '@swarmpatch/terminal';
import { type HostPort, type OriginOptions, PATCH_BYTES_DEFAULT, PATCH_COUNT_DEFAULT } from '../configuration.ts';
import { dataOption, databaseUrlOption } from './data-options.ts';

const DEFAULT_ADDRESS = '127.0.0.1:7880';

export const start: CommandSpec = {
  path: ['start'],
  summary: 'serve releases: API, uploads, web seed, tracker',
  example: 'swarmpatch-origin start --data ./origin --http 0.0.0.0:7880 --public-url https://play.example.org',
  options: [
    dataOption,
    {
      name: 'http',
      value: 'host:port',
      kind: 'endpoint',
      default: DEFAULT_ADDRESS,
      description: 'where to serve HTTP; port 0 picks a free one',
    },
    {
      name: 'udp',
      value: 'host:port',
      kind: 'endpoint',
      default: DEFAULT_ADDRESS,
      description: 'where to serve the UDP tracker; port 0 picks a free one',
    },
    {
      name: 'public-url',
      value: 'url',
      kind: 'url',
      description: 'where players reach this origin, when that is not its HTTP address',
    },
    { name: 'max-upload', value: 'rate', kind: 'rate', description: 'most that content sends in a second' },
    databaseUrlOption,
    {
      name: 'patches',
      value: 'count',
      kind: 'count',
      default: String(PATCH_COUNT_DEFAULT),
      description: 'patches to make to each release that a channel names; 0 makes none',
    },
    {
      name: 'patch-storage',
      value: 'size',
      kind: 'size',
      default: `${PATCH_BYTES_DEFAULT / 2 ** 30}GiB`,
      description: 'most bytes that the patches of one game take',
    },
    { name: 'open-tracker', kind: 'switch', description: 'track any torrent, not only what is published here' },
  ],
  async run(input, context) {
    const publicUrl = input.text('public-url');
    const maxUploadBytesPerSecond = input.number('max-upload');
    const databaseUrl = input.text('database-url');
    const patchCountMax = input.number('patches');
    const patchBytesMax = input.number('patch-storage');
    const options: OriginOptions = {
      dataDirectory: input.requiredText('data'),
      http: required(input.endpoint('http')),
      udp: required(input.endpoint('udp')),
      ...(publicUrl !== undefined && { publicUrl }),
      ...(maxUploadBytesPerSecond !== undefined && { maxUploadBytesPerSecond }),
      ...(databaseUrl !== undefined && { databaseUrl }),
      ...(patchCountMax !== undefined && { patchCountMax }),
      ...(patchBytesMax !== undefined && { patchBytesMax }),
      openTracker: input.flag('open-tracker'),
    };
    // Other commands need none of what the server loads.
    const { startOrigin } = await import('../origin.ts');
    const origin = await startOrigin(options);
    try {
      const { http, udp } = origin;
      context.emit({ ready: true, http, udp }, `Origin ready: ${http} and ${udp}`);
      await untilAborted(context.signal);
    } finally {
      await origin.stop();
    }
    return undefined;
  },
};

function required(address: HostPort | undefined): HostPort {
  if (address) return address;
  throw new UsageError('read the command line: an address is missing; see --help');
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
