import type { Metainfo } from '@swarmpatch/metainfo';
import type { WebPiece, SourceState } from '@swarmpatch/swarm';

import type { WebSeed } from '../web-seed/index.ts';
import { TransferError } from './transfer-error.ts';

/** How long peers are waited for when every web seed is proven to send wrong bytes. */
export const BAD_CONTENT_PATIENCE_MS = 20_000;

/** A torrent as far as its web seeds are concerned. */
interface SeededFiles {
  readonly metainfo: Metainfo;
  readonly webSeeds: readonly WebSeed[];
}

/** Nothing has come for so long. */
export interface Stall {
  readonly forMs: number;
  /** What a web seed did last; undefined when there is nothing to say of one. */
  readonly reason: string | undefined;
}

/** Whether peers may still come. */
export interface PeerProspect {
  readonly mayPeersCome: boolean;
}

/** Why a transfer has to end for what its sources are; undefined while one of them may still help. */
export function verdictOn(
  state: SourceState,
  torrent: SeededFiles,
  { mayPeersCome }: PeerProspect,
  nowMs: number,
): TransferError | undefined {
  if (state.kind !== 'bad_content') return undefined;
  if (mayPeersCome && nowMs - state.sinceMs < BAD_CONTENT_PATIENCE_MS) return undefined;
  return new TransferError(
    'bad_content',
    `transfer: ${describe(state.badPieces, torrent)}; no peer has it; the files on that server have to be published again or mended`,
  );
}

/** What to tell a user who waits. @param why What a web seed failed with last. */
export function stallOf(state: SourceState, torrent: SeededFiles, why: unknown, nowMs: number): Stall | undefined {
  if (state.kind === 'active') return undefined;
  const failure = why instanceof Error ? why.message : undefined;
  const reason = state.kind === 'bad_content' ? `${describe(state.badPieces, torrent)}, and no peer has it` : failure;
  return { forMs: nowMs - state.sinceMs, reason };
}

function describe(badPieces: readonly WebPiece[], torrent: SeededFiles): string {
  return badPieces.map((bad) => describeBad(bad, torrent)).join('; ');
}

function describeBad({ webSeed, piece }: WebPiece, { metainfo, webSeeds }: SeededFiles): string {
  const [part] = metainfo.geometry.filesOfPiece(piece);
  const path = part && metainfo.files[part.fileIndex]?.path;
  const where = path === undefined ? '' : ` (${path})`;
  return `web seed ${webSeeds[webSeed]?.url ?? ''} sent wrong bytes for piece ${piece}${where}`;
}
