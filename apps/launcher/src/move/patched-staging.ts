import { DeltaError } from '@swarmpatch/delta';
import { PatchContents, planFrom, refusePatch, reviewStaged } from '@swarmpatch/install';
import { nameOption, type PlanOption } from '@swarmpatch/plan';
import { type CommandContext, formatBytes } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import { applyPatch } from '../patches/patch-application.ts';
import type { PatchFetch } from '../patches/patch-fetch.ts';
import type { PatchLink } from '../patches/patch-route.ts';
import { failureOfNeed, needOfPatch, type RouteFailure } from '../patches/route-failure.ts';
import { inPhase } from './phases.ts';
import { makeRoom } from './room-making.ts';
import type { StartStaging } from './start-staging.ts';
import { planWithout, type Survey, type SurveyInput } from './survey.ts';

/** Routes that are tried before all comes as pieces. */
export const PATCH_ROUTES_MAX = 3;

export interface PatchedStaging {
  /** `given_up`: all comes as pieces. */
  outcome: 'applied' | 'given_up';
  /** New content that patches made. */
  madeBytes: number;
  /** What is left to do without patches. */
  rest: PlanOption;
}

/**
 * Stages what patches make of the installed release. When one of them is of no use, the plan is made again without it; whatever
 * patches cannot make is left to be fetched as pieces: nothing that goes wrong with them ends the update.
 *
 * @throws {InstallError} `disk_full` when there is no room without patches; the signal's reason
 */
export async function stagePatched(
  { input, ...sources }: { input: SurveyInput } & RouteSources,
  first: Survey,
  context: CommandContext,
): Promise<PatchedStaging> {
  let survey = first;
  for (let routes = 1; ; routes += 1) {
    const failure = await tryRoute(survey, { install: input.install, ...sources }, context);
    if (failure === undefined) {
      const madeBytes = survey.route.reduce((sum, { entry }) => sum + entry.writtenBytes, 0);
      return { outcome: 'applied', madeBytes, rest: planFrom(survey.inventory).chosen };
    }
    const spoilt = failure.links.map(({ entry }) => entry);
    survey = await planWithout(input, survey, routes < PATCH_ROUTES_MAX ? spoilt : survey.entries);
    context.warn(describeDetour(failure, survey));
    await makeRoom(input.install.files, survey);
    if (survey.route.length === 0) return { outcome: 'given_up', madeBytes: 0, rest: survey.plan.chosen };
  }
}

/** Where what a route wants comes from. */
interface RouteSources {
  patches: PatchFetch;
  starts: StartStaging;
}

/** Brings the inventory up to what was made, in any case. */
async function tryRoute(
  survey: Survey,
  { install, patches, starts }: { install: OpenInstall } & RouteSources,
  context: CommandContext,
): Promise<RouteFailure | undefined> {
  const { before, inventory, route, start } = survey;
  const { files, hasher } = install;
  const { signal } = context;
  let failure = await patches.fetch(route);
  if (failure === undefined && start !== undefined) failure = await starts.stage(start, survey);
  const contents = failure === undefined ? await PatchContents.open(files, inventory, start?.manifest) : undefined;
  if (contents !== undefined) failure = await applyRoute(route, { install, patches, contents }, context);
  if (failure !== undefined) {
    await contents?.close();
    await patches.stop();
  }
  const further = failure === undefined ? contents?.linkPaths : undefined;
  await inPhase(context, 'check', (onProgress) =>
    reviewStaged(inventory, { files, hasher, installedPieces: before?.pieces, further, signal, onProgress }),
  );
  return failure;
}

async function applyRoute(
  route: readonly PatchLink[],
  { install, patches, contents }: { install: OpenInstall; patches: PatchFetch; contents: PatchContents },
  context: CommandContext,
): Promise<RouteFailure | undefined> {
  for (const link of route) {
    try {
      await applyLink(install, link, contents, context);
    } catch (error) {
      context.signal.throwIfAborted();
      await patches.stop();
      // Fetched again, it would be the same.
      if (error instanceof DeltaError) await refusePatch(install.files, link.entry.torrent.infohashV2);
      return failureOfNeed(needOfPatch(link), error);
    }
  }
  return undefined;
}

async function applyLink(
  { files }: OpenInstall,
  link: PatchLink,
  contents: PatchContents,
  context: CommandContext,
): Promise<void> {
  const { signal } = context;
  const unmade = await inPhase(context, 'patch', (onProgress) =>
    applyPatch({ files, link, contents, signal, onProgress }),
  );
  const [first] = unmade;
  if (first === undefined) return;
  const others = unmade.length > 1 ? ` and ${unmade.length - 1} other files` : '';
  const why = first.failure?.message ?? 'no reason is known';
  context.warn(`the patch does not make ${first.path}${others}: ${why}; what is missing is fetched`);
}

/** What went wrong, and what is done about it. */
function describeDetour({ reason }: RouteFailure, { plan, route }: Survey): string {
  const bytes = formatBytes(plan.chosen.downloadBytes);
  if (route.length === 0) return `${reason}; going on without patches: ${bytes} come as pieces instead`;
  return `${reason}; going on with ${nameOption(plan.chosen)}: ${bytes} to fetch`;
}
