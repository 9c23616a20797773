import { Encoded, encode } from '@swarmpatch/bencode';

import type { DhtNode } from './metainfo.ts';
import type { PieceLayers } from './piece-layers.ts';

export interface TorrentParts {
  /** Written byte for byte: the infohashes stay what they were. */
  readonly infoBytes: Uint8Array;
  /** Of v2 and hybrid torrents, even when there are none; undefined for v1. */
  readonly pieceLayers?: PieceLayers | undefined;
  /** Tiers (BEP 12). */
  readonly trackers?: readonly (readonly string[])[];
  readonly webSeeds?: readonly string[];
  readonly dhtNodes?: readonly DhtNode[];
  readonly comment?: string;
  readonly createdBy?: string;
}

/** Wraps an info dictionary into a torrent file. Writes no date: the same parts give the same bytes. */
export function encodeTorrent(parts: TorrentParts): Uint8Array {
  const trackers = (parts.trackers ?? []).filter((tier) => tier.length > 0);
  return encode({
    announce: trackers[0]?.[0],
    'announce-list': trackers.flat().length > 1 ? trackers : undefined,
    comment: parts.comment,
    'created by': parts.createdBy,
    info: new Encoded(parts.infoBytes),
    nodes: parts.dhtNodes?.length ? parts.dhtNodes.map(({ host, port }) => [host, port]) : undefined,
    'piece layers': parts.pieceLayers,
    'url-list': parts.webSeeds?.length ? parts.webSeeds : undefined,
  });
}
