import { setTimeout as sleep } from 'node:timers/promises';

import type { Transfer } from '@swarmpatch/node-io/transfer';
import {
  type CommandContext,
  type CommandOutcome,
  type CommandSpec,
  formatBytes,
  formatDuration,
} from '@swarmpatch/terminal';

import { readTransferSettings, superSeedOption, transferOptions } from '../transfer-options.ts';
import { showTransfers } from '../transfer-progress.ts';
import { CommandTransfers } from '../transfers/command-transfers.ts';
import { stateDirectoryOf } from './download-folder.ts';
import { DownloadedTorrent } from './downloaded-torrent.ts';
import { readSource } from './download-source.ts';

export const download: CommandSpec = {
  path: ['download'],
  summary: 'fetch any torrent, without release metadata; goes on where it stopped',
  example: 'swarmpatch-launcher download ubuntu.torrent --dir ~/downloads',
  arguments: [{ name: 'torrent', description: 'a torrent file or a magnet link', repeatable: true }],
  options: [
    { name: 'dir', value: 'dir', kind: 'text', description: 'where the top directory or file goes', required: true },
    ...transferOptions,
    superSeedOption,
    {
      name: 'max-download-each',
      value: 'rate',
      kind: 'rate',
      description: 'most to receive in a second for any one torrent',
    },
    {
      name: 'max-upload-each',
      value: 'rate',
      kind: 'rate',
      description: 'most to send in a second of any one torrent',
    },
  ],
  async run(input, context) {
    const directory = input.requiredText('dir');
    const limits = {
      downloadBytesPerSecond: input.number('max-download-each'),
      uploadBytesPerSecond: input.number('max-upload-each'),
    };
    const settings = { ...readTransferSettings(input), superSeed: input.flag('super-seed') };
    const transfers = await CommandTransfers.open(settings, stateDirectoryOf(directory), context);
    const torrents: DownloadedTorrent[] = [];
    const running = (): Transfer[] => torrents.flatMap(({ transfer }) => transfer ?? []);
    const texts = input.arguments('torrent');
    try {
      const starts = texts.map(async (text) => {
        const torrent = new DownloadedTorrent(await readSource(text, transfers, context), directory, limits);
        torrents.push(torrent);
        await torrent.start(transfers, context);
        return torrent;
      });
      const started = Promise.allSettled(starts).then((outcomes) => {
        const areAllKnown = outcomes.every(({ status }) => status === 'fulfilled');
        if (areAllKnown) transfers.settings.firstFiles?.expectAllMatched(texts.join(', '));
      });
      // What one of them fails with is told when the others are done.
      const fetches = Promise.allSettled(starts.map(async (start) => (await start).finish()));
      const [outcomes] = await showTransfers(running, Promise.all([fetches, started]), context);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      transfers.announceDone();
      const seconds = Math.round(transfers.seconds * 1000) / 1000;
      await seed(running(), transfers, context);
      await transfers.readersDone();
      return describe(await Promise.all(starts), seconds);
    } catch (error) {
      transfers.announceFailure(error);
      throw error;
    } finally {
      for (const torrent of torrents) await torrent.stop();
      await transfers.close();
    }
  },
};

/** One torrent is told of as it always was; several are told of one by one, and summed up. */
function describe(torrents: readonly DownloadedTorrent[], seconds: number): CommandOutcome {
  const reports = torrents.map((torrent) => torrent.report());
  const [only] = reports;
  const sum = (of: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const totals = {
    bytes: sum(({ bytes }) => bytes),
    received: {
      fromPeers: sum(({ received }) => received.fromPeers),
      fromWebSeeds: sum(({ received }) => received.fromWebSeeds),
    },
    reused: sum(({ reused }) => reused),
    uploaded: sum(({ uploaded }) => uploaded),
  };
  const { fromPeers, fromWebSeeds } = totals.received;
  const reused = totals.reused > 0 ? `, ${formatBytes(totals.reused)} from equal files` : '';
  const names = reports.map(({ name }) => name).join(', ');
  return {
    document: { done: true, seconds, ...(reports.length === 1 ? only : { ...totals, torrents: reports }) },
    text: `${names}: ${formatBytes(totals.bytes)} in ${formatDuration(seconds)}; ${formatBytes(fromPeers)} from peers, ${formatBytes(fromWebSeeds)} over HTTP${reused}`,
  };
}

/** The download is done: ending this early is no failure. */
async function seed(
  running: readonly Transfer[],
  { settings }: CommandTransfers,
  context: CommandContext,
): Promise<void> {
  const { seedForMs } = settings;
  if (seedForMs === undefined || seedForMs === 0) return;
  const phase = context.progress.phase('seed');
  const timer = setInterval(() => {
    const uploadedBytes = running.reduce((sum, { stats }) => sum + stats.uploadedBytes, 0);
    const peers = running.reduce((sum, { stats }) => sum + stats.peers, 0);
    phase.update({ doneBytes: uploadedBytes, from: `${peers} peers` });
  }, 250);
  await sleep(seedForMs, undefined, { signal: context.signal }).catch(() => undefined);
  clearInterval(timer);
  phase.end();
}
