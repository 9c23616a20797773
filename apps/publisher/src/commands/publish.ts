import type { PatchProgress, PatchSummary } from '@swarmpatch/api-contract';
import { channelNameForm, DEFAULT_CHANNEL, type Manifest, versionForm } from '@swarmpatch/release';
import type { CommandContext, CommandSpec, ProgressPhase } from '@swarmpatch/terminal';
import type { Origin } from '../origin/origin.ts';
import { checkBuildPath, openBuildDirectory } from '../publish/build-directory.ts';
import { describeRelease } from '../publish/described-release.ts';
import { readNotes } from '../publish/notes.ts';
import { describeCompared, priceForPlayers, type VersionUse } from '../publish/player-costs.ts';
import { checkPublishable, commitDraft, estimateUpload, uploadDraft } from '../publish/publish-release.ts';
import { draftRelease, type ReleaseDraft } from '../publish/release-draft.ts';
import { isFinal, waitForPatches } from '../publish/wait-patches.ts';
import { gameOption, keysOption, openStudio, originOption, readOrigin, requiredTokenOption } from './options.ts';
import { publishResult } from './publish-result.ts';

export const publish: CommandSpec = {
  path: ['publish'],
  summary: 'publish a build as a release',
  example:
    'swarmpatch publish ./build --game starfall --version 1.2.0 --origin https://origin.example --token … --keys ./keys',
  arguments: [{ name: 'path', description: 'a directory, .tar or .tar.gz' }],
  options: [
    gameOption,
    {
      name: 'version',
      value: 'version',
      kind: 'text',
      form: versionForm,
      description: 'a semantic version that is not published yet',
      required: true,
    },
    {
      name: 'channel',
      value: 'channel',
      kind: 'text',
      form: channelNameForm,
      description: 'the channel that will name it',
      default: DEFAULT_CHANNEL,
    },
    { name: 'notes', value: 'file', kind: 'text', description: 'a text for players about what is new' },
    { name: 'wait-patches', kind: 'switch', description: 'wait until the patches from versions in use are made' },
    {
      name: 'dry-run',
      kind: 'switch',
      description: 'hash, tell what would be uploaded and what players would fetch, and change nothing',
    },
    originOption,
    requiredTokenOption,
    keysOption,
  ],
  async run(input, context) {
    const startedMs = context.nowMs();
    const version = input.requiredText('version');
    const channel = input.requiredText('channel');
    const path = input.argument('path');
    const source = await checkBuildPath(path);
    const notes = await readNotes(input.text('notes'));
    const origin = readOrigin(input, context);
    const studio = await openStudio(input, origin);
    const webSeed = await checkPublishable(origin, studio, version);

    const directory = await openDirectory(path, source.kind === 'archive' ? source.lengthBytes : 0, context);
    try {
      const draft = await hashBuild(
        directory.path,
        { game: studio.game, version, webSeeds: [webSeed], notes },
        context,
      );
      const published = await describeCompared(studio, (await findStatus(origin, studio.game)).versions, {
        signal: context.signal,
        onUnreadable: (message) => context.warn(message),
      });
      const isDryRun = input.flag('dry-run');
      const { newBytes, uploadedBytes } = isDryRun
        ? { newBytes: estimateUpload(published, draft), uploadedBytes: 0 }
        : await send(draft, { origin, studio, channel }, context);
      const isWaiting = !isDryRun && input.flag('wait-patches');
      const patches = isWaiting ? await waitPatches(origin, draft.manifest, context) : [];
      const links = (await findStatus(origin, studio.game)).patches.filter(({ to }) => to !== version);
      const target = describeRelease(draft.manifest, draft.torrentBytes);
      const players = priceForPlayers(published, target, [...patches, ...links]);
      const seconds = (context.nowMs() - startedMs) / 1000;
      return publishResult(draft, { channel, newBytes, uploadedBytes, seconds, isDryRun, players, patches });
    } finally {
      await directory.dispose();
    }
  },
};

async function openDirectory(
  path: string,
  archiveBytes: number,
  context: CommandContext,
): ReturnType<typeof openBuildDirectory> {
  if (archiveBytes === 0) return openBuildDirectory(path, { signal: context.signal, onBytes: () => undefined });
  const phase = context.progress.phase('unpack', { totalBytes: archiveBytes });
  let doneBytes = 0;
  const directory = await openBuildDirectory(path, {
    signal: context.signal,
    onBytes: (bytes) => {
      doneBytes += bytes;
      phase.update({ doneBytes });
    },
  });
  phase.end();
  return directory;
}

async function hashBuild(
  directory: string,
  release: Pick<Parameters<typeof draftRelease>[1], 'game' | 'version' | 'webSeeds' | 'notes'>,
  context: CommandContext,
): Promise<ReleaseDraft> {
  const phase = context.progress.phase('hash', {});
  const draft = await draftRelease(directory, {
    ...release,
    signal: context.signal,
    onProgress: ({ doneBytes, totalBytes }) => {
      phase.update({ doneBytes, totalBytes });
    },
  });
  phase.end();
  return draft;
}

async function send(
  draft: ReleaseDraft,
  place: { origin: Parameters<typeof uploadDraft>[0]; studio: Awaited<ReturnType<typeof openStudio>>; channel: string },
  context: CommandContext,
): ReturnType<typeof uploadDraft> {
  const patience = { signal: context.signal, onRetry: (message: string) => context.warn(message) };
  const comparing = context.progress.phase('compare');
  let uploading: ProgressPhase | undefined;
  const uploaded = await uploadDraft(place.origin, draft, patience, (doneBytes, totalBytes) => {
    comparing.end();
    uploading ??= context.progress.phase('upload', { doneBytes, totalBytes });
    uploading.update({ doneBytes, totalBytes });
  });
  comparing.end();
  uploading?.end();
  const committing = context.progress.phase('commit');
  await commitDraft({ ...place, draft, patience });
  committing.end();
  return uploaded;
}

/** Without it the newest releases are compared with, and what players would pay by way of other releases is just not known. */
async function findStatus(origin: Origin, game: string): Promise<{ versions: VersionUse[]; patches: PatchSummary[] }> {
  try {
    return await origin.status(game);
  } catch {
    return { versions: [], patches: [] };
  }
}

function describeShare(progress: PatchProgress | undefined): string {
  if (progress === undefined || progress.totalBytes === 0) return '';
  return `: ${progress.phase} ${Math.floor((100 * progress.doneBytes) / progress.totalBytes)}%`;
}

/** The release is out by now: whatever becomes of a patch is told, and takes nothing back. */
async function waitPatches(
  origin: Origin,
  { game, version }: Manifest,
  context: CommandContext,
): ReturnType<typeof waitForPatches> {
  const patience = { signal: context.signal, onRetry: (message: string) => context.warn(message) };
  const phase = context.progress.phase('patches');
  const patches = await waitForPatches({
    origin,
    game,
    version,
    patience,
    onProgress: (found) => {
      const running = found.find(({ state }) => state === 'running');
      phase.update({
        doneItems: found.filter(isFinal).length,
        totalItems: found.length,
        ...(running && { from: `from ${running.from}${describeShare(running.progress)}` }),
      });
    },
  });
  phase.end();
  for (const { from, state, reason = '' } of patches)
    if (state === 'failed') context.warn(`the patch from ${from} could not be made: ${reason}`);
  return patches;
}
