import type { Transfer } from '@swarmpatch/node-io/transfer';
import { type CommandContext, formatBytes } from '@swarmpatch/terminal';

const SHOW_INTERVAL_MS = 250;

/** Waits for a transfer and shows how it goes. */
export async function showTransfer(transfer: Transfer, context: CommandContext): Promise<void> {
  const { wantedBytes } = transfer.stats;
  const phase = context.progress.phase('download', { totalBytes: wantedBytes });
  const show = (): void => {
    const { wantedLeftBytes, fromPeersBytes, fromWebSeedsBytes, peers } = transfer.stats;
    phase.update({
      doneBytes: wantedBytes - wantedLeftBytes,
      totalBytes: wantedBytes,
      from: `${peers} peers ${formatBytes(fromPeersBytes)}, http ${formatBytes(fromWebSeedsBytes)}`,
    });
  };
  const timer = setInterval(show, SHOW_INTERVAL_MS);
  try {
    await transfer.done;
  } finally {
    clearInterval(timer);
    show();
    phase.end();
  }
}
