import { decode, expectKind, find } from '@swarmpatch/bencode';
import type { BencodeDictionary, BencodeNode } from '@swarmpatch/bencode';

import {
  COMMENT_BYTES_MAX,
  DHT_NODES_MAX,
  TORRENT_BYTES_MAX,
  TRACKERS_MAX,
  URL_CHARACTERS_MAX,
  WEB_SEEDS_MAX,
} from './limits.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { DhtNode, Metainfo } from './metainfo.ts';
import { asMetainfoError, readInfo } from './parse-info.ts';
import { type MissingLayers, pieceLayersFrom } from './piece-layers.ts';

export interface ParseTorrentOptions {
  readonly bytesMax?: number;
  /** Of piece layers; refused unless given. */
  readonly missingLayers?: MissingLayers | undefined;
}

const TRACKER_PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'udp:', 'ws:', 'wss:']);
const WEB_SEED_PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:']);

/**
 * Reads and checks a torrent file (BEP 3, 12, 19, 27, 47, 52). Keys may be unsorted, as some makers leave them; all
 * else must be canonical. Trackers, web seeds and nodes that cannot be used are left out.
 *
 * @throws {MetainfoError}
 */
export function parseTorrent(bytes: Uint8Array, options: ParseTorrentOptions = {}): Metainfo {
  const bytesMax = options.bytesMax ?? TORRENT_BYTES_MAX;
  if (bytes.length > bytesMax) {
    throw new MetainfoError(
      'torrent_too_long',
      `read a torrent: found ${bytes.length} bytes, at most ${bytesMax} are read`,
    );
  }
  try {
    return readTorrent(bytes, bytesMax, options.missingLayers);
  } catch (error) {
    throw asMetainfoError(error);
  }
}

function readTorrent(bytes: Uint8Array, bytesMax: number, missingLayers: MissingLayers | undefined): Metainfo {
  const torrent = expectKind(decode(bytes, { keyOrder: 'any', bytesMax }), 'dictionary', 'a torrent');
  const info = find(torrent, 'info', 'dictionary');
  if (!info) throw new MetainfoError('not_a_torrent', 'read a torrent: it has no info dictionary');
  const pieceLayers = pieceLayersFrom(find(torrent, 'piece layers', 'dictionary'));
  const metainfo = readInfo(info, bytes.slice(info.start, info.end), { pieceLayers, missingLayers });
  const comment = readText(torrent, 'comment');
  const createdBy = readText(torrent, 'created by');
  return {
    ...metainfo,
    trackers: readTrackers(torrent),
    webSeeds: listOf(torrent.get('url-list'))
      .flatMap((node) => readUrl(node, WEB_SEED_PROTOCOLS))
      .slice(0, WEB_SEEDS_MAX),
    dhtNodes: listOf(torrent.get('nodes')).flatMap(readNode).slice(0, DHT_NODES_MAX),
    ...(comment !== undefined && { comment }),
    ...(createdBy !== undefined && { createdBy }),
  };
}

/** BEP 12: the tiers of "announce-list" replace "announce". */
function readTrackers(torrent: BencodeDictionary): string[][] {
  const tiers: string[][] = [];
  let left = TRACKERS_MAX;
  for (const tier of listOf(torrent.get('announce-list'))) {
    const urls = listOf(tier)
      .flatMap((node) => readUrl(node, TRACKER_PROTOCOLS))
      .slice(0, left);
    left -= urls.length;
    if (urls.length > 0) tiers.push(urls);
  }
  if (tiers.length > 0) return tiers;
  const announce = torrent.get('announce');
  const [url] = announce ? readUrl(announce, TRACKER_PROTOCOLS) : [];
  return url === undefined ? [] : [[url]];
}

/** The items of a list, or a lone value as a list of one: "url-list" comes in both forms. */
function listOf(node: BencodeNode | undefined): readonly BencodeNode[] {
  if (!node) return [];
  return node.kind === 'list' ? node.items : [node];
}

function readUrl(node: BencodeNode, protocols: ReadonlySet<string>): string[] {
  const text = node.kind === 'string' && node.lengthBytes <= URL_CHARACTERS_MAX ? node.text : undefined;
  return text !== undefined && isUrl(text, protocols) ? [text] : [];
}

export function isTrackerUrl(text: string): boolean {
  return isUrl(text, TRACKER_PROTOCOLS);
}

export function isWebSeedUrl(text: string): boolean {
  return isUrl(text, WEB_SEED_PROTOCOLS);
}

function isUrl(text: string, protocols: ReadonlySet<string>): boolean {
  return text.length <= URL_CHARACTERS_MAX && URL.canParse(text) && protocols.has(new URL(text).protocol);
}

function readNode(node: BencodeNode): DhtNode[] {
  if (node.kind !== 'list') return [];
  const [host, port] = node.items;
  if (host?.kind !== 'string' || port?.kind !== 'integer') return [];
  if (host.lengthBytes === 0 || host.lengthBytes > 255 || port.value < 1n || port.value > 65_535n) return [];
  return [{ host: host.latin1, port: Number(port.value) }];
}

function readText(torrent: BencodeDictionary, key: string): string | undefined {
  const node = torrent.get(key);
  return node?.kind === 'string' && node.lengthBytes <= COMMENT_BYTES_MAX ? node.text : undefined;
}
