import type { Transfer } from '@swarmpatch/node-io/transfer';
import { type CommandContext, formatBytes } from '@swarmpatch/terminal';

const SHOW_INTERVAL_MS = 250;

/** Waits for a transfer and shows how it goes. */
export async function showTransfer(transfer: Transfer, context: CommandContext): Promise<void> {
  const { wantedBytes } = transfer.stats;
  const phase = context.progress.phase('download', { totalBytes: wantedBytes });
  let isStallTold = false;
  const show = (): void => {
    const { wantedLeftBytes, fromPeersBytes, fromWebSeedsBytes, peers, stall } = transfer.stats;
    if (stall && !isStallTold) context.warn(describeStall(stall));
    isStallTold = stall !== undefined;
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

function describeStall({ forMs, reason }: { forMs: number; reason: string | undefined }): string {
  const why = reason === undefined ? 'no peer or web seed that has it is reachable' : reason;
  return `nothing has come for ${Math.ceil(forMs / 1000)} s: ${why}; still trying`;
}
