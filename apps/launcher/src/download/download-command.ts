import { setTimeout as sleep } from 'node:timers/promises';

import { startTransfer, type Transfer } from '@swarmpatch/node-io/transfer';
import { type CommandContext, type CommandSpec, formatBytes, formatDuration } from '@swarmpatch/terminal';

import { readTransferSettings, transferOptions, type TransferSettings } from '../transfer-options.ts';
import { DownloadFolder } from './download-folder.ts';
import { readSource } from './download-source.ts';
import { showTransfer } from '../transfer-progress.ts';

export const download: CommandSpec = {
  path: ['download'],
  summary: 'fetch any torrent, without release metadata; goes on where it stopped',
  example: 'swarmpatch-launcher download ubuntu.torrent --dir ~/downloads',
  arguments: [{ name: 'torrent', description: 'a torrent file or a magnet link' }],
  options: [
    { name: 'dir', value: 'dir', kind: 'text', description: 'where the top directory or file goes', required: true },
    ...transferOptions,
  ],
  async run(input, context) {
    const startedMs = context.nowMs();
    const settings = readTransferSettings(input);
    const source = await readSource(input.argument('torrent'), settings, context);
    const { metainfo, selection } = source;
    const folder = new DownloadFolder(input.requiredText('dir'), metainfo);
    const have = await folder.check(context);
    const transfer = await startTransfer({
      ...settings,
      metainfo,
      store: folder.store,
      have,
      wanted: selection.pieces,
      trackers: source.trackers,
      webSeeds: source.webSeeds.map((url) => ({ kind: 'bep19', url })),
      peers: [...(settings.peers ?? []), ...source.peers],
      signal: context.signal,
    });
    folder.keep(transfer);
    try {
      await showTransfer(transfer, context);
      await folder.finish(selection.files);
      const seconds = (context.nowMs() - startedMs) / 1000;
      await seed(transfer, settings, context);
      const {
        fromPeersBytes: fromPeers,
        fromWebSeedsBytes: fromWebSeeds,
        uploadedBytes: uploaded,
        protocolErrors,
      } = transfer.stats;
      return {
        document: {
          done: true,
          name: metainfo.name,
          seconds: Math.round(seconds * 1000) / 1000,
          bytes: selection.lengthBytes,
          received: { fromPeers, fromWebSeeds },
          uploaded,
          protocolErrors,
        },
        text: `${metainfo.name}: ${formatBytes(selection.lengthBytes)} in ${formatDuration(seconds)}; ${formatBytes(fromPeers)} from peers, ${formatBytes(fromWebSeeds)} over HTTP`,
      };
    } finally {
      await transfer.stop();
      await folder.close();
    }
  },
};

/** The download is done: ending this early is no failure. */
async function seed(transfer: Transfer, { seedForMs }: TransferSettings, context: CommandContext): Promise<void> {
  if (seedForMs === undefined || seedForMs === 0) return;
  const phase = context.progress.phase('seed');
  const timer = setInterval(() => {
    phase.update({ doneBytes: transfer.stats.uploadedBytes, from: `${transfer.stats.peers} peers` });
  }, 250);
  await sleep(seedForMs, undefined, { signal: context.signal }).catch(() => undefined);
  clearInterval(timer);
  phase.end();
}
