import type { LineEnds } from '../format/line-ends.ts';
import { crlfShare, LineView } from '../line-view.ts';
import type { PatchFile } from '../tree.ts';

const SAMPLE_BYTES = 64 * 1024;
const SHARE_FEW = 0.1;
const SHARE_MOST = 0.9;

/** An old file as a patch reads it. */
export interface ViewedFile {
  /** With the view as its source, and its length. */
  readonly file: PatchFile;
  readonly ends: LineEnds | undefined;
}

/**
 * Gives old files the line ends of the new files at the same paths, where they have others.
 *
 * @param old What may be read from.
 */
export async function chooseViews(old: readonly PatchFile[], written: readonly PatchFile[]): Promise<ViewedFile[]> {
  const newByPath = new Map(written.map((file) => [file.path, file]));
  const views: ViewedFile[] = [];
  for (const file of old) {
    const after = newByPath.get(file.path);
    const ends = after && (await wantedEnds(file, after));
    views.push({ file: ends === undefined ? file : await viewed(file, ends), ends });
  }
  return views;
}

async function wantedEnds(before: PatchFile, after: PatchFile): Promise<LineEnds | undefined> {
  const shareBefore = crlfShare(await sampleOf(before));
  if (shareBefore === undefined || (shareBefore > SHARE_FEW && shareBefore < SHARE_MOST)) return undefined;
  const shareAfter = crlfShare(await sampleOf(after));
  if (shareAfter === undefined) return undefined;
  if (shareBefore <= SHARE_FEW && shareAfter >= SHARE_MOST) return 'crlf';
  if (shareBefore >= SHARE_MOST && shareAfter <= SHARE_FEW) return 'lf';
  return undefined;
}

async function sampleOf({ source, lengthBytes }: PatchFile): Promise<Uint8Array> {
  return source.read(0, Math.min(SAMPLE_BYTES, lengthBytes));
}

async function viewed(file: PatchFile, ends: LineEnds): Promise<PatchFile> {
  const { lengthBytes } = file;
  const view = await LineView.open({ lengthBytes, read: (offset, length) => file.source.read(offset, length) }, ends);
  return {
    ...file,
    lengthBytes: view.length,
    source: {
      length: view.length,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        await view.read(offset, bytes);
        return bytes;
      },
    },
  };
}
