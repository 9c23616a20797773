import {
  FileIndex,
  idleUndoBytes,
  InstallError,
  planFrom,
  spaceForContent,
  takeInventory,
  type FileSystem,
  type Inventory,
} from '@swarmpatch/install';
import type { PlanConditions, UpdatePlan } from '@swarmpatch/plan';
import type { Manifest, PatchEntry } from '@swarmpatch/release';
import type { CommandContext } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import type { Release, ReleaseSource } from '../origin/release-source.ts';
import { entriesOf, openRoute, pricePatches, type PatchLink } from '../patches/patch-route.ts';
import type { FirstFiles } from '../play-first/first-files.ts';
import { inPhase } from './phases.ts';
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
  /** The patches of the plan, in their order; none where it takes none. */
  route: PatchLink[];
}

/** Looks at what is on disk for a release, and at the patches to it. Changes nothing but what is known about files. */
export async function surveyInstall(input: SurveyInput, release: Release, context: CommandContext): Promise<Survey> {
  const { files, hasher, state } = input.install;
  const index = await FileIndex.load(files);
  const before = state.installed && (await findInstalled(input));
  const stagedPieces = await resumeOfStaging(files, release).glance();
  const paths = release.manifest.files.map(({ path }) => path);
  const inventory = await inPhase(context, 'check', (onProgress) =>
    takeInventory({
      files,
      hasher,
      index,
      installed: before?.manifest,
      installedPieces: before?.pieces,
      target: release.pieces,
      depth: input.depth,
      shownEarly: new Set(input.firstFiles?.indexesAmong(paths)),
      stagedPieces,
      signal: context.signal,
      onProgress,
    }),
  );
  await index.save(files);
  const isOther = before !== undefined && before.manifest.version !== release.manifest.version;
  const entries = isOther ? await findPatches(input.source, context) : [];
  return { before, inventory, ...(await planRoute(input, inventory, entries)) };
}

/** Plans again from what the inventory has now, without patches that are of no use. */
export async function planWithout(
  input: SurveyInput,
  { before, inventory, entries }: Survey,
  spoilt: readonly PatchEntry[],
): Promise<Survey> {
  const left = entries.filter((entry) => !spoilt.includes(entry));
  return { before, inventory, ...(await planRoute(input, inventory, left)) };
}

/** Plans again without a patch that turns out to join other releases than those that were signed. */
async function planRoute(
  { install, source, rates }: SurveyInput,
  inventory: Inventory,
  entries: readonly PatchEntry[],
): Promise<Pick<Survey, 'plan' | 'entries' | 'route'>> {
  const { installed: from, target } = inventory;
  const to = target.manifest;
  let left = from === undefined ? [] : entries;
  for (;;) {
    const conditions = { ...(await priceConditions(install.files, to, left)), rates };
    const plan = planFrom(inventory, conditions);
    if (from === undefined) return { plan, entries: left, route: [] };
    const chosen = entriesOf(plan.chosen, { from: from.version, to: to.version }, left);
    const route = await openRoute(source, chosen, { from, to });
    if (Array.isArray(route)) return { plan, entries: left, route };
    left = left.filter((entry) => entry !== route);
  }
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
