import {
  idleUndoBytes,
  InstallError,
  planInputOf,
  spaceForContent,
  type FileSystem,
  type Inventory,
} from '@swarmpatch/install';
import { middlesWorthKnowing, type PlanConditions, planUpdate, type UpdatePlan } from '@swarmpatch/plan';
import type { Manifest, PatchEntry } from '@swarmpatch/release';
import type { CommandContext } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import type { Release, ReleaseSource } from '../origin/release-source.ts';
import { entriesOf, openRoute, pricePatches, type PatchLink } from '../patches/patch-route.ts';
import type { FirstFiles } from '../play-first/first-files.ts';
import { MiddleReleases } from './middle-releases.ts';
import { lookAround } from './look-around.ts';
import { resumeOfStaging } from './staging-resume.ts';

export interface SurveyInput {
  install: OpenInstall;
  source: ReleaseSource;
  depth: 'quick' | 'deep';
  /** Files that are to be playable before the rest is here. */
  firstFiles?: FirstFiles | undefined;
  /** How fast it is expected to go, where that is known. */
  rates?: PlanConditions['rates'];
}

export interface Survey {
  before: Release | undefined;
  inventory: Inventory;
  plan: UpdatePlan;
  /** Patches of the listing, as far as they are of use. */
  entries: readonly PatchEntry[];
  /** Releases in between that were looked at. */
  middles: MiddleReleases;
  /** Comes as pieces before the patches; none where they begin with the installed release. */
  start: Release | undefined;
  /** The patches of the plan, in their order; none where it takes none. */
  route: PatchLink[];
}

/** Looks at what is on disk for a release, and at the patches to it. Changes nothing but what is known about files. */
export async function surveyInstall(input: SurveyInput, release: Release, context: CommandContext): Promise<Survey> {
  const { files, state } = input.install;
  const before = state.installed && (await findInstalled(input));
  const paths = release.manifest.files.map(({ path }) => path);
  const wanted = {
    target: release.pieces,
    depth: input.depth,
    shownEarly: new Set(input.firstFiles?.indexesAmong(paths)),
    stagedPieces: await resumeOfStaging(files, release).glance(),
  };
  const inventory = await lookAround(input.install, before, wanted, context);
  const isOther = before !== undefined && before.manifest.version !== release.manifest.version;
  const entries = isOther ? await findPatches(input.source, context) : [];
  const middles = new MiddleReleases(input.source, { installed: before, target: inventory.target });
  return planRoute(input, { before, inventory, entries, middles });
}

/** Plans again from what the inventory has now, without patches that are of no use. */
export async function planWithout(input: SurveyInput, survey: Survey, spoilt: readonly PatchEntry[]): Promise<Survey> {
  return planRoute(input, { ...survey, entries: survey.entries.filter((entry) => !spoilt.includes(entry)) });
}

/** Plans again without a patch that turns out to join other releases than those that were signed. */
async function planRoute(
  { install, source, rates }: SurveyInput,
  seen: Pick<Survey, 'before' | 'inventory' | 'entries' | 'middles'>,
): Promise<Survey> {
  const { inventory, middles } = seen;
  const { installed: from, target } = inventory;
  const to = target.manifest;
  let entries = from === undefined ? [] : seen.entries;
  for (;;) {
    const conditions = { ...(await priceConditions(install.files, to, entries)), rates };
    const plan = await planAmong(middles, inventory, conditions);
    if (from === undefined) return { ...seen, plan, entries, start: undefined, route: [] };
    const { chosen } = plan;
    const start = middles.startOf(chosen);
    const patches = entriesOf(chosen, from.version, entries);
    const route = await openRoute(source, patches, { from: start?.manifest ?? from, to });
    if (Array.isArray(route)) return { ...seen, plan, entries, start, route };
    entries = entries.filter((entry) => entry !== route);
  }
}

/** Looks at releases in between where it may be cheaper to go by way of them. */
async function planAmong(
  middles: MiddleReleases,
  inventory: Inventory,
  conditions: PlanConditions,
): Promise<UpdatePlan> {
  const input = planInputOf(inventory, conditions);
  const plan = planUpdate(input);
  const known = await middles.describe(middlesWorthKnowing(input, plan), plan.chosen);
  return known.length === 0 ? plan : planUpdate({ ...input, middles: known });
}

async function priceConditions(
  files: FileSystem,
  target: Manifest,
  entries: readonly PatchEntry[],
): Promise<PlanConditions> {
  const { offers, idleBytes } = await pricePatches(files, entries);
  const spaceBytes = await spaceForContent(files, target);
  return { offers, scratchBytesMax: idleBytes + (await idleUndoBytes(files, target)) + spaceBytes };
}

/** That there are none, or that they cannot be told, keeps nobody from an update. */
async function findPatches(source: ReleaseSource, context: CommandContext): Promise<PatchEntry[]> {
  try {
    return await source.patches();
  } catch (error) {
    context.signal.throwIfAborted();
    context.warn(`no patches: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

/** A release whose documents are lost owns nothing any more: what is on disk is recognised by its content. */
async function findInstalled({
  install,
  source,
}: Pick<SurveyInput, 'install' | 'source'>): Promise<Release | undefined> {
  try {
    return await source.installed(install.installed);
  } catch (error) {
    if (error instanceof InstallError && error.code === 'state_corrupt') return undefined;
    throw error;
  }
}
