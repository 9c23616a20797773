import type { Transfer, TransferStats } from '@swarmpatch/node-io/transfer';
import { type CommandContext, formatBytes } from '@swarmpatch/terminal';

const SHOW_INTERVAL_MS = 250;

/** Waits for transfers and shows how they go, all together. @throws what the first of them fails with. */
export async function showTransfers(transfers: readonly Transfer[], context: CommandContext): Promise<void> {
  const sum = (of: (stats: TransferStats) => number): number =>
    transfers.reduce((total, { stats }) => total + of(stats), 0);
  const totalBytes = sum((stats) => stats.wantedBytes);
  const phase = context.progress.phase('download', { totalBytes });
  let isStallTold = false;
  const show = (): void => {
    // While one of them gets something, the others just have to wait.
    const stalls = transfers.map(({ stats }) => (stats.piecesWantedLeft > 0 ? stats.stall : undefined));
    const [stall] = stalls.every((each) => each !== undefined) ? stalls : [];
    if (stall && !isStallTold) context.warn(describeStall(stall));
    isStallTold = stall !== undefined;
    const fromPeers = formatBytes(sum((stats) => stats.fromPeersBytes));
    const fromWebSeeds = formatBytes(sum((stats) => stats.fromWebSeedsBytes));
    phase.update({
      doneBytes: totalBytes - sum((stats) => stats.wantedLeftBytes),
      totalBytes,
      from: `${sum((stats) => stats.peers)} peers ${fromPeers}, http ${fromWebSeeds}`,
    });
  };
  const timer = setInterval(show, SHOW_INTERVAL_MS);
  try {
    await Promise.all(transfers.map(({ done }) => done));
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
