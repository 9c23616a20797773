import type { Metainfo } from '@swarmpatch/metainfo';
import type { WebPiece, SourceState } from '@swarmpatch/swarm';

import type { WebSeed } from '../web-seed/index.ts';
import { TransferError } from './transfer-error.ts';

/** How long peers are waited for when every web seed is proven to send wrong bytes. */
export const BAD_CONTENT_PATIENCE_MS = 20_000;

/** Whether peers may still come. */
export interface PeerProspect {
  readonly mayPeersCome: boolean;
}

/** Why a transfer has to end for what its sources are; undefined while one of them may still help. */
export function verdictOn(
  state: SourceState,
  torrent: { readonly metainfo: Metainfo; readonly webSeeds: readonly WebSeed[] },
  { mayPeersCome }: PeerProspect,
  nowMs: number,
): TransferError | undefined {
  if (state.kind !== 'bad_content') return undefined;
  if (mayPeersCome && nowMs - state.sinceMs < BAD_CONTENT_PATIENCE_MS) return undefined;
  const found = state.badPieces.map((bad) => describeBad(bad, torrent)).join('; ');
  return new TransferError(
    'bad_content',
    `transfer: ${found}; no peer has it; the files on that server have to be published again or mended`,
  );
}

function describeBad(
  { webSeed, piece }: WebPiece,
  { metainfo, webSeeds }: { metainfo: Metainfo; webSeeds: readonly WebSeed[] },
): string {
  const [part] = metainfo.geometry.filesOfPiece(piece);
  const path = part && metainfo.files[part.fileIndex]?.path;
  const where = path === undefined ? '' : ` (${path})`;
  return `web seed ${webSeeds[webSeed]?.url ?? ''} sent wrong bytes for piece ${piece}${where}`;
}
