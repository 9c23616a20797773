/** A process that makes one patch between two stored releases, says what became of it, and ends. It reads blobs, and writes only the patch. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PatchProgress } from '@swarmpatch/api-contract';
import { type Metainfo, parseTorrent } from '@swarmpatch/metainfo';
import { DiskBlobStore } from '@swarmpatch/node-io/blob-store';
import { createPatchFile, type LocatedFile } from '@swarmpatch/node-io/delta';
import { createTorrentFrom } from '@swarmpatch/node-io/hashing';
import { compareReleases, type DescribedRelease } from '@swarmpatch/plan';
import { type Manifest, parseManifest } from '@swarmpatch/release';
import type { PatchOutcome, PatchWorkerMessage, PatchTask } from './make-patch.ts';

/** Of the bytes that an update by pieces fetches: a patch that saves less is not worth its storing, fetching apart and applying. */
const WORTHWHILE_SHARE = 0.9;

const PROGRESS_INTERVAL_MS = 500;

interface StoredRelease extends DescribedRelease {
  files: LocatedFile[];
}

// The origin is gone: nobody waits for the patch. An orderly exit would wait for what is being compressed.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.once('message', (task: PatchTask) => void run(task));

async function run(task: PatchTask): Promise<void> {
  let message: PatchWorkerMessage;
  try {
    message = { kind: 'ended', outcome: await make(task) };
  } catch (error) {
    message = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  say(message);
}

async function make({ blobsDirectory, old, next, patchPath }: PatchTask): Promise<PatchOutcome> {
  const blobs = await DiskBlobStore.open(blobsDirectory);
  const [from, to] = await Promise.all([readRelease(blobs, old), readRelease(blobs, next)]);
  const pieceBytes = bytesByPieces(from, to);
  if (pieceBytes === 0) return { kind: 'rejected', reason: 'an update fetches nothing without it', defeated: [] };

  const onProgress = progressTeller();
  const created = await createPatchFile({ old: from.files, new: to.files, out: patchPath, onProgress });
  const { sourceBytes, writtenBytes } = created;
  const defeated = created.defeated.map(({ path, lengthBytes, costBytes }) => ({
    path,
    bytes: lengthBytes,
    costBytes,
  }));
  const { size: bytes } = await stat(patchPath);
  if (bytes > pieceBytes * WORTHWHILE_SHARE) {
    const reason = `it has ${bytes} bytes, and an update without it fetches ${pieceBytes}`;
    return { kind: 'rejected', reason, defeated };
  }
  const torrent = await createTorrentFrom(patchPath, { name: basename(patchPath), format: 'hybrid' });
  return {
    kind: 'made',
    bytes,
    writtenBytes,
    oldReadBytes: sourceBytes,
    torrent: { infohashV1: hexOf(torrent.metainfo.infohashV1), infohashV2: hexOf(torrent.metainfo.infohashV2) },
    piecesRoot: hexOf(torrent.files[0]?.piecesRoot),
    torrentBytes: torrent.torrentBytes,
    defeated,
  };
}

function progressTeller(): (progress: PatchProgress) => void {
  let toldMs = -Infinity;
  return (progress) => {
    if (performance.now() - toldMs < PROGRESS_INTERVAL_MS) return;
    toldMs = performance.now();
    say({ kind: 'progress', progress });
  };
}

function say(message: PatchWorkerMessage): void {
  process.send?.(message);
}

async function readRelease(blobs: DiskBlobStore, documents: PatchTask['old']): Promise<StoredRelease> {
  const manifest = parseManifest(await readFile(blobs.pathOf(documents.manifestPiecesRoot)));
  const metainfo = parseTorrent(await readFile(blobs.pathOf(documents.torrentPiecesRoot)));
  return { manifest, layers: layersOf(metainfo), files: locateFiles(manifest, blobs) };
}

function layersOf({ files, pieceHashes }: Metainfo): Map<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>();
  for (const [index, { piecesRoot }] of files.entries()) {
    const layer = pieceHashes.layers[index];
    if (layer) layers.set(hexOf(piecesRoot), layer);
  }
  return layers;
}

function locateFiles({ files }: Manifest, blobs: DiskBlobStore): LocatedFile[] {
  return files.map(({ path, length, piecesRoot, executable, symlink }) => ({
    path,
    lengthBytes: length,
    executable: executable === true,
    ...(symlink !== undefined && { symlink }),
    ...(piecesRoot !== undefined && { piecesRoot: Buffer.from(piecesRoot, 'hex') }),
    // Nothing is read of files that are empty.
    absolutePath: piecesRoot === undefined ? '' : blobs.pathOf(piecesRoot),
  }));
}

/** What an update of a whole install fetches when it goes by pieces. */
function bytesByPieces(from: DescribedRelease, to: DescribedRelease): number {
  const { atHand } = compareReleases(from, to);
  return to.manifest.files.reduce((sum, { length }, index) => {
    const file = atHand[index];
    return file?.kind === 'fetched' ? sum + length - file.heldBytes : sum;
  }, 0);
}

function hexOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
