import type { Metainfo } from '@swarmpatch/metainfo';
import { Bitfield, type PieceStore } from '@swarmpatch/swarm';

import type { FileSharer } from './file-sharer.ts';

/** Files on this disk that belong to a torrent which is not transferred now. */
export interface OfferedFiles {
  readonly metainfo: Metainfo;
  readonly store: PieceStore;
  /** Pieces that are there, as far as is known: what is copied is verified. */
  readonly have: Uint8Array;
}

/** Lets others copy, and wants nothing. */
export function sharerOf({ metainfo, store, have }: OfferedFiles): FileSharer {
  const there = new Bitfield(metainfo.pieceCount, have);
  return {
    metainfo,
    isOver: false,
    hasSources: false,
    has: (first, end) => there.missingWithin(first, end) === 0,
    needs: () => false,
    read: (piece, begin, lengthBytes) => store.read(piece, begin, lengthBytes).catch(() => undefined),
    adopt: () => false,
    leaveToOthers: () => undefined,
  };
}
