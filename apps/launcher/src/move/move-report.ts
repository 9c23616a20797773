import type { HistoryEntry } from '@swarmpatch/install';
import type { PlanKind, PlanOption } from '@swarmpatch/plan';
import { addBytes, type TransferBytes } from '../transfers/command-transfers.ts';

/** What `install`, `update`, `repair` and `rollback` tell of a move. */
export interface MoveReport {
  game: string;
  from: string | null;
  to: string;
  changed: boolean;
  plan: PlanKind;
  bytes: {
    fromPeers: number;
    fromWebSeeds: number;
    /** Was on this disk before: in the install, in undo data, in a kept patch. */
    reused: number;
    /** An earlier run had staged it, wherever it got it from. */
    resumed: number;
    written: number;
    uploaded: number;
  };
  seconds: number;
  peers: number;
  /** Files of the player that were in the way, and where they are now. */
  kept: { path: string; to: string }[];
  /** It is whole beside the install, which is as it was: it may not be changed now. */
  staged?: true;
  /** When the files of `--play-first` were whole; only where some were asked for. */
  playableSeconds?: number;
}

/**
 * What the history says of a move; nothing where nothing changes.
 *
 * @param atMs Wall clock, milliseconds since 1970.
 */
export function historyEntryOf(report: MoveReport, command: string, atMs: number): { entry?: HistoryEntry } {
  const { changed, from, to, plan } = report;
  if (!changed) return {};
  const { uploaded: _, resumed, ...counts } = report.bytes;
  const bytes = { ...counts, ...(resumed > 0 && { resumed }) };
  return { entry: { atMs, command, ...(from === null ? {} : { from }), to, plan, bytes } };
}

/** What had to be done beside fetching patches. */
export interface MoveWork {
  releaseBytes: number;
  /** What was left to do once patches were applied. */
  rest: Pick<PlanOption, 'downloadBytes' | 'writeBytes'>;
  /** New content that patches made. */
  madeBytes: number;
  /** What was staged when it began; nothing where patches make it again. */
  stagedBytes: number;
  /** Of that, what this command did not stage itself, before a disk that was full. */
  resumedBytes: number;
}

/** Counts what came by patches and what came as pieces. */
export function countBytes(work: MoveWork, byPatches: TransferBytes, byPieces: TransferBytes): MoveReport['bytes'] {
  const { fromPeers, fromWebSeeds, uploaded } = addBytes(byPatches, byPieces);
  const patchBytes = byPatches.fromPeers + byPatches.fromWebSeeds;
  const { downloadBytes, writeBytes } = work.rest;
  return {
    fromPeers,
    fromWebSeeds,
    reused: Math.max(0, work.releaseBytes - patchBytes - downloadBytes - work.stagedBytes) + byPieces.reused,
    resumed: work.resumedBytes,
    written: patchBytes + work.madeBytes + writeBytes + work.stagedBytes - work.resumedBytes,
    uploaded,
  };
}
