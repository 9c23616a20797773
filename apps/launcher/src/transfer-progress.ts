import type { Transfer, TransferStats } from '@swarmpatch/node-io/transfer';
import { type CommandContext, formatBytes } from '@swarmpatch/terminal';

const SHOW_INTERVAL_MS = 250;

/** Shows how transfers go, all together, while `work` goes on. @param running Those that have begun. */
export async function showTransfers<T>(
  running: () => readonly Transfer[],
  work: Promise<T>,
  context: CommandContext,
): Promise<T> {
  const phase = context.progress.phase('download');
  let isStallTold = false;
  const show = (): void => {
    const transfers = running();
    const sum = (of: (stats: TransferStats) => number): number =>
      transfers.reduce((total, { stats }) => total + of(stats), 0);
    const totalBytes = sum((stats) => stats.wantedBytes);
    // While one of them gets something, the others just have to wait.
    const stalls = transfers
      .map(({ stats }) => stats)
      .filter(({ piecesWantedLeft }) => piecesWantedLeft > 0)
      .map(({ stall: each }) => each);
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
    return await work;
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
