import { formatBytes, formatDuration, type CommandOutcome } from '@swarmpatch/terminal';
import type { MoveReport } from './move-report.ts';

/** What `install`, `update` and `rollback` print. */
export function moveResult(report: MoveReport): CommandOutcome {
  return { document: { ...report }, text: describeMove(report) };
}

export function describeMove(report: MoveReport): string {
  const { game, to, changed, bytes, seconds, peers } = report;
  if (!changed) return `${game} is at ${to} already`;
  const sources = [
    `${formatBytes(bytes.fromPeers)} from ${peers} peers`,
    `${formatBytes(bytes.fromWebSeeds)} over HTTP`,
    `${formatBytes(bytes.reused)} from disk`,
    ...(bytes.resumed > 0 ? [`${formatBytes(bytes.resumed)} staged before`] : []),
  ];
  return `${game} is at ${to}: ${sources.join(', ')}, in ${formatDuration(seconds)}`;
}

/** Nothing had to be looked at. */
export function unchangedReport(game: string, version: string): MoveReport {
  return {
    game,
    from: version,
    to: version,
    changed: false,
    plan: 'none',
    bytes: { fromPeers: 0, fromWebSeeds: 0, reused: 0, resumed: 0, written: 0, uploaded: 0 },
    seconds: 0,
    peers: 0,
    kept: [],
  };
}
