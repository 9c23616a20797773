import {
  asDiskFull,
  commit,
  historyAfter,
  prunePatches,
  refuseProtected,
  pruneUndo,
  saveReleaseDocuments,
  stagedBytesOf,
  Staging,
  STATE_DIRECTORY,
  type Inventory,
} from '@swarmpatch/install';
import type { CommandContext } from '@swarmpatch/terminal';
import { AllowedTrackers } from '../origin/allowed-trackers.ts';
import type { Origin } from '../origin/origin.ts';
import type { Release } from '../origin/release-source.ts';
import { PatchFetch } from '../patches/patch-fetch.ts';
import type { TransferSettings } from '../transfer-options.ts';
import { addBytes, CommandTransfers } from '../transfers/command-transfers.ts';
import { countBytes, historyEntryOf, type MoveReport } from './move-report.ts';
import { MoveSwarm } from './move-swarm.ts';
import { stagePatched } from './patched-staging.ts';
import { inPhase } from './phases.ts';
import { makeMoreRoom, makeRoom } from './room-making.ts';
import { StartStaging } from './start-staging.ts';
import { surveyInstall, type SurveyInput } from './survey.ts';

export interface Move extends MoveWay {
  settings: TransferSettings;
}

export interface MoveWay extends SurveyInput {
  origin: Origin;
  /**
   * Asked when the release is whole beside the install, right before the first file is changed. Where it says no, the release
   * stays there for the next move. Nobody is asked unless it is given.
   */
  mayPlace?: () => Promise<boolean>;
}

/** Brings an install to a release, or leaves it as it was. */
export async function moveInstall(move: Move, release: Release, context: CommandContext): Promise<MoveReport> {
  const stateDirectory = move.install.files.absolute(STATE_DIRECTORY);
  const transfers = await CommandTransfers.open(move.settings, stateDirectory, context);
  try {
    return await moveAmong(transfers, move, release, context);
  } catch (error) {
    transfers.announceFailure(error);
    throw error;
  } finally {
    await transfers.close();
  }
}

/** As `moveInstall`, among what a command transfers anyway. */
export async function moveAmong(
  transfers: CommandTransfers,
  way: MoveWay,
  release: Release,
  context: CommandContext,
): Promise<MoveReport> {
  const { install, origin } = way;
  const sharing = { origin, transfers, trackers: new AllowedTrackers(origin, context) };
  const sources: MoveSources = {
    startedMs: context.nowMs(),
    swarm: new MoveSwarm(install, sharing, release, context),
    patches: new PatchFetch(install.files, sharing, context),
    starts: new StartStaging(install, sharing, context),
  };
  const move = (): Promise<MoveReport> => moveThrough(sources, way, release, context);
  try {
    return await move();
  } catch (error) {
    if (!(await makeMoreRoom(install.files, release.manifest, error))) throw error;
    context.warn('the disk is full: what was kept to go back to is removed, going on');
    return await move();
  } finally {
    await prunePatches(install.files, Date.now()).catch(() => undefined);
    await pruneUndo(install.files, Date.now()).catch(() => undefined);
  }
}

/** Where what a move fetches comes from; a second attempt goes on with them. */
interface MoveSources {
  /** When the first attempt began, on the clock of the command. */
  startedMs: number;
  swarm: MoveSwarm;
  patches: PatchFetch;
  starts: StartStaging;
  /** What the first attempt found staged. */
  resumedBytes?: number;
}

async function moveThrough(
  sources: MoveSources,
  move: MoveWay,
  release: Release,
  context: CommandContext,
): Promise<MoveReport> {
  const { swarm, patches, starts, startedMs } = sources;
  const { files, state } = move.install;
  const { manifest } = release;
  const survey = await surveyInstall(move, release, context);
  const { inventory, plan } = survey;
  const stagedBytes = stagedBytesOf(inventory.target, inventory.tasks);
  sources.resumedBytes ??= stagedBytes;
  const resumedBytes = Math.min(sources.resumedBytes, stagedBytes);
  const report: MoveReport = {
    game: state.game,
    from: state.installed?.version ?? null,
    to: manifest.version,
    changed: plan.chosen.kind !== 'none' || inventory.tasks.some(setsMode),
    plan: plan.chosen.kind,
    bytes: { fromPeers: 0, fromWebSeeds: 0, reused: 0, resumed: 0, written: 0, uploaded: 0 },
    seconds: 0,
    peers: 0,
    kept: [],
  };
  try {
    await refuseProtected(files, inventory);
    await makeRoom(files, survey);
    await saveReleaseDocuments(files, manifest.version, {
      manifest: release.manifestBytes,
      torrent: release.torrentBytes,
    });
    const work = { releaseBytes: manifest.bytes, rest: plan.chosen, madeBytes: 0, stagedBytes, resumedBytes };
    if (survey.route.length > 0) {
      const patched = await stagePatched({ input: move, patches, starts }, survey, context);
      if (patched.outcome === 'given_up') report.plan = patched.rest.kind;
      else Object.assign(work, { stagedBytes: 0, resumedBytes: 0 });
      Object.assign(work, patched);
    }
    const staging = await inPhase(context, 'reuse', (onProgress) =>
      Staging.open(files, inventory, { space: work.rest.space, signal: context.signal, onProgress }),
    );
    await swarm.fetch(staging);
    const measure = (): void => {
      report.peers = Math.max(swarm.peersMax, patches.peersMax, starts.peersMax);
      report.bytes = countBytes(work, addBytes(patches.bytes, starts.bytes), swarm.bytes);
      report.seconds = (context.nowMs() - startedMs) / 1000;
    };
    if (move.mayPlace && !(await move.mayPlace())) {
      measure();
      return { ...report, changed: false, staged: true };
    }
    const sealed = await inPhase(context, 'sync', () => staging.seal());
    context.signal.throwIfAborted();
    const to = {
      ...state,
      installed: release.installed,
      history: historyAfter(state, manifest.version),
      suspect: false,
    };
    measure();
    const states = { from: state, to, ...historyEntryOf(report, move.install.command, Date.now()) };
    swarm.beginPlacing();
    const result = await inPhase(context, 'install', () => commit(files, { inventory, sealed }, states));
    await move.install.reload();
    await swarm.settle();
    report.kept = result.kept;
    if (swarm.playableSeconds !== undefined) report.playableSeconds = swarm.playableSeconds;
    measure();
    for (const { path, to: kept } of result.kept)
      context.warn(`kept ${path} as ${kept}: it was in the way of the release`);
    await swarm.seed();
    report.bytes.uploaded = patches.bytes.uploaded + starts.bytes.uploaded + swarm.bytes.uploaded;
  } catch (error) {
    throw asDiskFull('update', error);
  } finally {
    await Promise.all([swarm.stop(), patches.stop()]);
  }
  return report;
}

/** Of a file that is right but for its executable bit. */
function setsMode(task: Inventory['tasks'][number]): boolean {
  return task.kind === 'unchanged' && task.executableIsWrong;
}
