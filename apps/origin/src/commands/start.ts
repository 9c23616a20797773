import type { CommandSpec } from '@swarmpatch/terminal';
import type { OriginOptions } from '../configuration.ts';

const DEFAULT_HTTP = '127.0.0.1:7880';
const DEFAULT_UDP = '127.0.0.1:7880';

export const start: CommandSpec = {
  path: ['start'],
  summary: 'Serve releases: API, uploads, web seed, tracker',
  example: 'swarmpatch-origin start --data ./origin --http 0.0.0.0:7880 --public-url https://play.example.org',
  arguments: [],
  options: [
    { name: 'data', value: 'dir', kind: 'text', required: true, description: 'Directory for database, blobs and online keys' },
    { name: 'http', value: 'host:port', kind: 'endpoint', default: DEFAULT_HTTP, description: 'Where HTTP is served; port 0 picks a free one' },
    { name: 'udp', value: 'host:port', kind: 'endpoint', default: DEFAULT_UDP, description: 'Where the UDP tracker is served; port 0 picks a free one' },
    { name: 'public-url', value: 'url', kind: 'text', description: 'Where players reach this origin, when not at the HTTP address' },
    { name: 'max-upload', value: 'rate', kind: 'rate', description: 'Most that content and streams send in a second' },
    { name: 'database-url', value: 'url', kind: 'text', description: 'postgresql://… instead of SQLite in the data directory' },
    { name: 'open-tracker', kind: 'switch', description: 'Track any torrent, not only what is published here' },
  ],
  async run(input, context) {
    const http = input.endpoint('http');
    const udp = input.endpoint('udp');
    const publicUrl = input.text('public-url');
    const maxUploadBytesPerSecond = input.number('max-upload');
    const databaseUrl = input.text('database-url');
    const options: OriginOptions = {
      dataDirectory: input.requiredText('data'),
      http,
      udp,
      ...(publicUrl !== undefined && { publicUrl: checkPublicUrl(publicUrl) }),
      ...(maxUploadBytesPerSecond !== undefined && { maxUploadBytesPerSecond }),
      ...(databaseUrl !== undefined && { databaseUrl }),
      openTracker: input.flag('open-tracker'),
    };
    // The server's libraries are loaded only by the command that serves.
    const { startOrigin } = await import('../origin.ts');
    const origin = await startOrigin(options);
    try {
      context.emit({ ready: true, http: origin.http, udp: origin.udp }, `Ready at ${origin.http} and ${origin.udp}`);
      await aborted(context.signal);
    } finally {
      await origin.stop();
    }
    return undefined;
  },
};
