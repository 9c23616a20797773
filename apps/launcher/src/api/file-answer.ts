import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { readByteRange } from './byte-range.ts';
import type { ShownFile, ShownTorrent } from './transfer-board.ts';

/** Answers with bytes of a file that need not be whole yet: each is sent once it is verified. */
export async function answerWithFile(
  request: IncomingMessage,
  response: ServerResponse,
  torrent: ShownTorrent,
  { fileIndex, lengthBytes }: ShownFile,
): Promise<void> {
  const range = readByteRange(request.headers.range, lengthBytes);
  const headers = {
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'accept-ranges': 'bytes',
  };
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${lengthBytes}` }).end();
    return;
  }
  const { begin, end } = range === 'whole' ? { begin: 0, end: lengthBytes } : range;
  const length = { 'content-length': end - begin };
  if (range === 'whole') response.writeHead(200, { ...headers, ...length });
  else response.writeHead(206, { ...headers, ...length, 'content-range': `bytes ${begin}-${end - 1}/${lengthBytes}` });
  if (request.method === 'HEAD' || begin === end) {
    response.end();
    return;
  }
  response.flushHeaders();
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  const bytes = torrent.transfer.read(fileIndex, begin, end, gone.signal);
  // A reader that went away, or a transfer that ended: the connection is cut, which tells the client that bytes are missing.
  await pipeline(Readable.from(bytes, { objectMode: false, highWaterMark: 1 }), response).catch(() => {
    response.destroy();
  });
}
