import type { Metainfo } from '@swarmpatch/metainfo';
import type { PieceRun, WebSeed } from './web-seed.ts';

/** The part of a torrent's description that a web seed needs. */
export type SeededTorrent = Pick<Metainfo, 'name' | 'isSingleFile' | 'files' | 'geometry'>;

/** A place in piece space for the next bytes of a span. */
export interface SpanPart {
  piece: number;
  pieceOffsetBytes: number;
  lengthBytes: number;
}

/** Consecutive bytes of one HTTP resource, and where they go, in order. */
export interface FetchSpan {
  url: string;
  resourceLengthBytes: number;
  /** Included. */
  startBytes: number;
  /** Not included. */
  endBytes: number;
  parts: SpanPart[];
}

/** Spans that together bring every byte of the run but its pads, in piece order. */
export function planFetch(webSeed: WebSeed, torrent: SeededTorrent, run: PieceRun): FetchSpan[] {
  const source = webSeed.kind === 'stream' ? streamSource(webSeed.url, torrent) : fileSource(webSeed.url, torrent);
  const spans: FetchSpan[] = [];
  let open: FetchSpan | undefined;
  for (let piece = run.firstPiece; piece < run.firstPiece + run.pieceCount; piece += 1) {
    for (const { fileIndex, fileOffsetBytes, pieceOffsetBytes, lengthBytes } of torrent.geometry.filesOfPiece(piece)) {
      const resource = source.resourceOf(fileIndex);
      const startBytes = resource.offsetBytes + fileOffsetBytes;
      if (open?.url !== resource.url || open.endBytes !== startBytes) {
        open = {
          url: resource.url,
          resourceLengthBytes: resource.lengthBytes,
          startBytes,
          endBytes: startBytes,
          parts: [],
        };
        spans.push(open);
      }
      open.endBytes += lengthBytes;
      open.parts.push({ piece, pieceOffsetBytes, lengthBytes });
    }
  }
  return spans;
}

interface Resource {
  url: string;
  lengthBytes: number;
  /** Where the file begins in the resource. */
  offsetBytes: number;
}

interface ResourceSource {
  resourceOf(fileIndex: number): Resource;
}

function fileSource(url: string, torrent: SeededTorrent): ResourceSource {
  let last = -1;
  let resource: Resource | undefined;
  return {
    resourceOf(fileIndex) {
      if (resource === undefined || fileIndex !== last) {
        last = fileIndex;
        resource = {
          url: fileUrl(url, torrent, fileIndex),
          lengthBytes: torrent.files[fileIndex]?.lengthBytes ?? 0,
          offsetBytes: 0,
        };
      }
      return resource;
    },
  };
}

function streamSource(url: string, torrent: SeededTorrent): ResourceSource {
  const offsets = streamOffsets(torrent);
  const lengthBytes = offsets[torrent.files.length] ?? 0;
  return { resourceOf: (fileIndex) => ({ url, lengthBytes, offsetBytes: offsets[fileIndex] ?? 0 }) };
}

const offsetsOfFiles = new WeakMap<SeededTorrent['files'], Float64Array>();

/** Where each file begins in the release stream; the last entry is the stream's length. */
function streamOffsets(torrent: SeededTorrent): Float64Array {
  const known = offsetsOfFiles.get(torrent.files);
  if (known !== undefined) return known;
  const offsets = new Float64Array(torrent.files.length + 1);
  let offsetBytes = 0;
  torrent.files.forEach((file, index) => {
    offsets[index] = offsetBytes;
    offsetBytes += file.symlink === undefined ? file.lengthBytes : 0;
  });
  offsets[torrent.files.length] = offsetBytes;
  offsetsOfFiles.set(torrent.files, offsets);
  return offsets;
}

/**
 * The URL of one file (BEP 19): in a multi-file torrent the name and path follow the seed's URL as a directory; in a
 * single-file torrent the URL is the file unless it ends with a slash. A query string stays behind the path.
 */
export function fileUrl(seedUrl: string, torrent: SeededTorrent, fileIndex: number): string {
  const cut = seedUrl.search(/[?#]/);
  const base = cut < 0 ? seedUrl : seedUrl.slice(0, cut);
  const query = cut < 0 ? '' : seedUrl.slice(cut);
  const directory = base.endsWith('/') ? base : `${base}/`;
  if (torrent.isSingleFile)
    return base.endsWith('/') ? `${directory}${encodeURIComponent(torrent.name)}${query}` : seedUrl;
  const path = (torrent.files[fileIndex]?.path ?? '').split('/');
  return directory + [torrent.name, ...path].map(encodeURIComponent).join('/') + query;
}
