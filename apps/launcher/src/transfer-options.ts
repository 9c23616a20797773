import type { TransferOptions } from '@swarmpatch/node-io/transfer';
import type { CommandInput, OptionSpec } from '@swarmpatch/terminal';

/** What the options of all that transfer say, as `startTransfer` takes it. */
export interface TransferSettings extends Pick<
  TransferOptions,
  'listen' | 'peers' | 'peerUse' | 'encryption' | 'webSeedUse' | 'limits' | 'deadlineMs' | 'timeoutMs'
> {
  /** How long to serve others once everything is here. */
  readonly seedForMs: number | undefined;
}

const ENCRYPTION_POLICIES = ['require', 'prefer', 'allow', 'refuse'] as const;

/** Options of every command that transfers. */
export const transferOptions: readonly OptionSpec[] = [
  {
    name: 'listen',
    value: 'host:port',
    kind: 'endpoint',
    description: 'where peers may connect; every interface and a free port unless given',
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
  { name: 'no-dht', kind: 'switch', description: 'do not use the DHT; it is not used so far, with or without this' },
  {
    name: 'no-lan',
    kind: 'switch',
    description: 'do not look for peers on the local network; that is not done so far, with or without this',
  },
  {
    name: 'max-download',
    value: 'rate',
    kind: 'rate',
    description: 'most to receive in a second, from peers and web seeds',
  },
  { name: 'max-upload', value: 'rate', kind: 'rate', description: 'most to send in a second' },
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
  };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
