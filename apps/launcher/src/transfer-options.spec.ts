import { CommandInput } from '@swarmpatch/terminal';
import { describe, expect, it } from 'vitest';

import { readTransferSettings, type TransferSettings, transferOptions } from './transfer-options.ts';

function settingsOf(options: Readonly<Record<string, string>>): TransferSettings {
  const texts = new Map(Object.entries(options).map(([name, text]) => [name, [text]]));
  return readTransferSettings(new CommandInput({ options: transferOptions }, [], texts));
}

const address = { host: '192.0.2.1', port: 7000 };

describe('readTransferSettings()', () => {
  it.each<[option: string, text: string, settings: object]>([
    ['listen', '192.0.2.1:7000', { listen: address }],
    ['peer', '192.0.2.1:7000', { peers: [address] }],
    ['no-peers', 'true', { peerUse: 'avoid' }],
    ['encryption', 'require', { encryption: 'require' }],
    ['no-web-seeds', 'true', { webSeedUse: 'avoid' }],
    ['no-dht', 'true', { discovery: { dht: undefined } }],
    ['dht-bootstrap', '192.0.2.1:7000', { discovery: { dht: { bootstrapNodes: [address] } } }],
    ['no-lan', 'true', { discovery: { lan: 'avoid' } }],
    ['no-port-mapping', 'true', { discovery: { portMapping: 'avoid' } }],
    ['max-download', '2MiB', { limits: { downloadBytesPerSecond: 2 * 1024 * 1024 } }],
    ['max-upload', '300KB', { limits: { uploadBytesPerSecond: 300_000 } }],
    ['lan-unlimited', 'true', { lanLimits: 'exempt' }],
    ['schedule', '23:00-07:30', { pauses: { schedule: [{ fromMinute: 1380, toMinute: 450 }] } }],
    ['pause-while', 'game', { pauses: { pauseWhile: ['game'] } }],
    ['api', '127.0.0.1:0', { api: { host: '127.0.0.1', port: 0 } }],
    ['seed-for', '60', { seedForMs: 60_000 }],
    ['deadline', '90', { deadlineMs: 90_000 }],
    ['timeout', '1.5', { timeoutMs: 1_500 }],
  ])('makes something of --%s', (option, text, settings) => {
    expect(settingsOf({})).not.toMatchObject(settings);
    expect(settingsOf({ [option]: text })).toMatchObject(settings);
  });

  it('knows first files where some are named, and looks for everyone unless told otherwise', () => {
    expect(settingsOf({ 'play-first': '*.exe' }).firstFiles).toBeDefined();
    expect(settingsOf({})).toMatchObject({
      peerUse: 'use',
      webSeedUse: 'use',
      lanLimits: 'counted',
      discovery: { dht: {}, lan: 'use', portMapping: 'use' },
      firstFiles: undefined,
    });
  });
});
