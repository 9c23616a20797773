import { DeltaError } from '@swarmpatch/delta';
import { PatchContents, planFrom, refusePatch, reviewStaged } from '@swarmpatch/install';
import type { PlanOption } from '@swarmpatch/plan';
import { type CommandContext, formatBytes } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import { applyPatch } from '../patches/patch-application.ts';
import type { PatchFetch } from '../patches/patch-fetch.ts';
import type { PatchLink } from '../patches/patch-route.ts';
import { inPhase } from './phases.ts';
import type { Survey } from './survey.ts';

export interface PatchedStaging {
  /** `given_up`: all comes as pieces. */
  outcome: 'applied' | 'given_up';
  /** New content that patches made. */
  madeBytes: number;
  /** What is left to do without patches. */
  rest: PlanOption;
}

/**
 * Stages what patches make of the installed release. Whatever they cannot make is left to be fetched as pieces: nothing that goes
 * wrong here ends the update.
 */
export async function stagePatched(
  { install, patches }: { install: OpenInstall; patches: PatchFetch },
  { before, inventory, route }: Survey,
  context: CommandContext,
): Promise<PatchedStaging> {
  const { files, hasher } = install;
  const failure = await applyRoute(route, { install, patches }, await PatchContents.open(files, inventory), context);
  await inPhase(context, 'check', (onProgress) =>
    reviewStaged(inventory, { files, hasher, installedPieces: before?.pieces, signal: context.signal, onProgress }),
  );
  const rest = planFrom(inventory).chosen;
  if (failure !== undefined) {
    const patchBytes = route.reduce((sum, { entry }) => sum + entry.bytes, 0);
    const cost = `${formatBytes(rest.downloadBytes)} as pieces instead of ${formatBytes(patchBytes)} as patches`;
    context.warn(`going on without patches, with ${cost}: ${failure}`);
    return { outcome: 'given_up', madeBytes: 0, rest };
  }
  const madeBytes = route.reduce((sum, { entry }) => sum + entry.writtenBytes, 0);
  return { outcome: 'applied', madeBytes, rest };
}

/** @returns Why patches were given up; undefined when they were not. */
async function applyRoute(
  route: readonly PatchLink[],
  { install, patches }: { install: OpenInstall; patches: PatchFetch },
  contents: PatchContents,
  context: CommandContext,
): Promise<string | undefined> {
  try {
    await patches.fetch(route);
    for (const link of route) await applyLink(install, link, contents, context);
    return undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    await patches.stop();
    return error instanceof Error ? error.message : String(error);
  } finally {
    await contents.close();
  }
}

async function applyLink(
  { files }: OpenInstall,
  link: PatchLink,
  contents: PatchContents,
  context: CommandContext,
): Promise<void> {
  const { signal } = context;
  const unmade = await inPhase(context, 'patch', (onProgress) =>
    applyPatch({ files, link, contents, signal, onProgress }).catch(async (error: unknown) => {
      // Fetched again, it would be the same.
      if (error instanceof DeltaError) await refusePatch(files, link.entry.torrent.infohashV2);
      throw error;
    }),
  );
  const [first] = unmade;
  if (first === undefined) return;
  const others = unmade.length > 1 ? ` and ${unmade.length - 1} other files` : '';
  const why = first.failure?.message ?? 'no reason is known';
  context.warn(`the patch does not make ${first.path}${others}: ${why}; what is missing is fetched`);
}
