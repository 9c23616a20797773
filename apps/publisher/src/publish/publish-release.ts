/** The journey of a release: everything cheap is checked before a byte is hashed, and the channel moves with the commit alone. */
import { Buffer } from 'node:buffer';
import { originPaths } from '@swarmpatch/api-contract';
import { ApiError } from '@swarmpatch/node-io/api-client';
import type { DescribedRelease } from '@swarmpatch/plan';
import { moveChannel } from '@swarmpatch/release';
import { describeTarget } from '@swarmpatch/trust';
import type { Origin } from '../origin/origin.ts';
import type { Studio } from '../origin/studio.ts';
import { PublishError } from '../publish-error.ts';
import { isPassing, type Patience, patiently } from './patience.ts';
import type { ReleaseDraft } from './release-draft.ts';
import { uploadBlobs, type UploadResult } from './upload.ts';

/**
 * Asks whether this version can be published with this token, and where it will be found.
 *
 * @returns The release's web seed.
 * @throws {PublishError} `version_exists`
 * @throws {ApiError} `unauthorized`, `forbidden`, …
 */
export async function checkPublishable(origin: Origin, studio: Studio, version: string): Promise<string> {
  if (studio.hasRelease(version)) throw versionExists(studio.game, version);
  await origin.uploadState(studio.game, version);
  const { publicUrl } = await origin.service();
  return publicUrl.replace(/\/+$/, '') + originPaths.content(studio.game, version);
}

/** Sends what the origin lacks of a draft. A run that was killed is continued by this one. */
export function uploadDraft(
  origin: Origin,
  draft: ReleaseDraft,
  patience: Patience,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<UploadResult> {
  const { game, version } = draft.manifest;
  const request = { manifest: base64(draft.manifestBytes), torrent: base64(draft.torrentBytes) };
  const port = {
    begin: () => origin.beginUpload(game, version, request),
    send: (tar: AsyncIterable<Uint8Array>) => origin.sendBlobs(game, version, tar),
  };
  return uploadBlobs(port, draft.sources, patience, onProgress);
}

/**
 * Signs the release into the game's metadata and moves the channel to it, in one step.
 *
 * @throws {PublishError} `version_exists`, `publish_conflict`
 */
export async function commitDraft(options: {
  origin: Origin;
  studio: Studio;
  draft: ReleaseDraft;
  channel: string;
  patience: Patience;
}): Promise<void> {
  const { origin, studio, draft, channel, patience } = options;
  const { game, version } = draft.manifest;
  const manifestTarget = describeTarget(draft.manifestBytes);
  let answerLost = false;
  const commit = async (): Promise<void> => {
    try {
      await studio.signNext(
        async () => ({
          targets: draft.targets,
          channel: moveChannel(await studio.channel(channel), { game, channel, version, rollout: undefined }),
        }),
        (body) => origin.commitUpload(game, version, body),
      );
    } catch (error) {
      // The commit may have been done although its answer was lost.
      answerLost ||= isPassing(error);
      if (answerLost && error instanceof ApiError && error.code === 'version_exists') {
        await studio.refresh();
        if (studio.hasManifest(version, manifestTarget)) return;
      }
      throw error;
    }
  };
  await patiently(patience, commit);
}

/** What a publish would send: content that is in none of these releases. */
export function estimateUpload(published: readonly DescribedRelease[], draft: ReleaseDraft): number {
  const known = new Set<string>();
  for (const { manifest } of published) {
    for (const { piecesRoot } of manifest.files) if (piecesRoot !== undefined) known.add(piecesRoot);
  }
  let newBytes = 0;
  for (const [piecesRoot, { lengthBytes }] of draft.sources) if (!known.has(piecesRoot)) newBytes += lengthBytes;
  return newBytes;
}

function versionExists(game: string, version: string): PublishError {
  return new PublishError(
    'version_exists',
    `publish ${game} ${version}: this version is published already; a version is never published twice, choose the next`,
  );
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
