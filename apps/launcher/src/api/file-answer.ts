import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { refuse } from './answers.ts';
import { type ByteRange, readByteRange } from './byte-range.ts';
import { mediaTypeOf } from './media-types.ts';
import type { ShownFile, ShownTorrent } from './transfer-board.ts';

/** A reader that takes nothing for so long is taken to be gone. */
export const READER_IDLE_MS_MAX = 60_000;

/** What is asked for, and where it is. */
export interface FileRequest {
  readonly path: string;
  readonly file: ShownFile;
  readonly torrent: ShownTorrent;
}

/** Answers with bytes of a file that need not be whole yet: each is sent once it is verified. */
export async function answerWithFile(
  request: IncomingMessage,
  response: ServerResponse,
  { path, file, torrent }: FileRequest,
): Promise<void> {
  const { fileIndex, lengthBytes } = file;
  // Nothing here has a validator for If-Range to match, so the whole is what it asks for (RFC 9110, 13.1.5).
  const header = request.headers['if-range'] === undefined ? request.headers.range : undefined;
  const range = readByteRange(header, lengthBytes);
  const headers = { 'content-type': mediaTypeOf(path), 'accept-ranges': 'bytes' };
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${lengthBytes}`, 'content-length': 0 }).end();
    return;
  }
  const { begin, end } = range === 'whole' ? { begin: 0, end: lengthBytes } : range;
  if (!torrent.transfer.expects(fileIndex, begin, end)) {
    refuse(response, 409, 'these bytes are neither here nor being fetched');
    return;
  }
  const length = { 'content-length': end - begin };
  if (range === 'whole') response.writeHead(200, { ...headers, ...length });
  else response.writeHead(206, { ...headers, ...length, 'content-range': `bytes ${begin}-${end - 1}/${lengthBytes}` });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  await sendBytes(response, { file, torrent }, { begin, end });
}

async function sendBytes(
  response: ServerResponse,
  { file, torrent }: Pick<FileRequest, 'file' | 'torrent'>,
  { begin, end }: ByteRange,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
  });
  const chunks = torrent.transfer.read(file.fileIndex, begin, end, gone.signal);
  try {
    for (;;) {
      await torrent.whenReadable?.();
      const chunk = await chunks.next();
      if (chunk.done === true) break;
      if (!response.write(chunk.value)) await drained(response, gone);
    }
    response.end();
  } catch {
    // A reader that went away, or a transfer that ended: the connection is cut, which tells the client that bytes are missing.
    response.destroy();
  } finally {
    await chunks.return();
  }
}

async function drained(response: ServerResponse, gone: AbortController): Promise<void> {
  const timer = setTimeout(() => {
    gone.abort();
  }, READER_IDLE_MS_MAX);
  try {
    await once(response, 'drain', { signal: gone.signal });
  } finally {
    clearTimeout(timer);
  }
}
