import {
  asDiskFull,
  commit,
  FileIndex,
  historyAfter,
  InstallError,
  planFrom,
  refuseWithoutSpace,
  saveReleaseDocuments,
  spaceForContent,
  Staging,
  STATE_DIRECTORY,
  takeInventory,
  type Inventory,
} from '@swarmpatch/install';
import type { PatchOffer, PlanConditions, PlanKind, UpdatePlan } from '@swarmpatch/plan';
import type { CommandContext } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import type { Release, ReleaseSource } from '../origin/release-source.ts';
import type { Origin } from '../origin/origin.ts';
import type { TransferSettings } from '../transfer-options.ts';
import { CommandTransfers } from '../transfers/command-transfers.ts';
import { inPhase } from './phases.ts';
import { MoveSwarm } from './move-swarm.ts';
import { resumeOfStaging } from './staging-resume.ts';

export interface MoveReport {
  game: string;
  from: string | null;
  to: string;
  changed: boolean;
  plan: PlanKind;
  bytes: { fromPeers: number; fromWebSeeds: number; reused: number; written: number; uploaded: number };
  seconds: number;
  peers: number;
  /** Files of the player that were in the way, and where they are now. */
  kept: { path: string; to: string }[];
  /** When the files of `--play-first` were whole; only where some were asked for. */
  playableSeconds?: number;
}

export interface Move {
  install: OpenInstall;
  source: ReleaseSource;
  origin: Origin;
  settings: TransferSettings;
  depth: 'quick' | 'deep';
  /** What becomes of owned files that the player changed. */
  changedFiles: 'keep' | 'replace';
  /** Patches that may be used; none unless given. */
  offers?: readonly PatchOffer[] | undefined;
  /** How fast it is expected to go, where that is known. */
  rates?: PlanConditions['rates'];
}

/** Looks at what is on disk for a release. Changes nothing but what is known about files. */
export async function surveyInstall(
  move: Omit<Move, 'origin' | 'settings'>,
  release: Release,
  context: CommandContext,
): Promise<{ inventory: Inventory; plan: UpdatePlan }> {
  const { files, hasher, state } = move.install;
  const index = await FileIndex.load(files);
  const before = state.installed && (await findInstalled(move));
  const stagedPieces = await resumeOfStaging(files, release).glance();
  const inventory = await inPhase(context, 'check', (onProgress) =>
    takeInventory({
      files,
      hasher,
      index,
      installed: before?.manifest,
      installedPieces: before?.pieces,
      target: release.pieces,
      depth: move.depth,
      changedFiles: move.changedFiles,
      stagedPieces,
      signal: context.signal,
      onProgress,
    }),
  );
  await index.save(files);
  const scratchBytesMax = await spaceForContent(files, release.manifest.files.length);
  return { inventory, plan: planFrom(inventory, { offers: move.offers, rates: move.rates, scratchBytesMax }) };
}

/** Brings an install to a release, or leaves it as it was. */
export async function moveInstall(move: Move, release: Release, context: CommandContext): Promise<MoveReport> {
  const { install, origin, settings } = move;
  const transfers = await CommandTransfers.open(settings, install.files.absolute(STATE_DIRECTORY), context);
  try {
    const swarm = new MoveSwarm(install, { origin, transfers }, release, context);
    return await moveThrough(swarm, move, release, context);
  } catch (error) {
    transfers.announceFailure(error);
    throw error;
  } finally {
    await transfers.close();
  }
}

async function moveThrough(
  swarm: MoveSwarm,
  move: Move,
  release: Release,
  context: CommandContext,
): Promise<MoveReport> {
  const startedMs = context.nowMs();
  const { files, state } = move.install;
  const { manifest } = release;
  const { inventory, plan } = await surveyInstall(move, release, context);
  const report: MoveReport = {
    game: state.game,
    from: state.installed?.version ?? null,
    to: manifest.version,
    changed: plan.chosen.kind !== 'none',
    plan: plan.chosen.kind,
    bytes: {
      fromPeers: 0,
      fromWebSeeds: 0,
      reused: manifest.bytes - plan.chosen.downloadBytes,
      written: plan.chosen.writeBytes,
      uploaded: 0,
    },
    seconds: 0,
    peers: 0,
    kept: [],
  };
  try {
    await refuseWithoutSpace(files, { scratchBytes: plan.chosen.scratchBytes, fileCount: manifest.files.length });
    await saveReleaseDocuments(files, manifest.version, {
      manifest: release.manifestBytes,
      torrent: release.torrentBytes,
    });
    const staging = await inPhase(context, 'reuse', (onProgress) =>
      Staging.open(files, inventory, { signal: context.signal, onProgress }),
    );
    await swarm.fetch(staging);
    const sealed = await inPhase(context, 'sync', () => staging.seal());
    context.signal.throwIfAborted();
    const to = {
      ...state,
      installed: release.installed,
      history: historyAfter(state, manifest.version),
      suspect: false,
    };
    swarm.beginPlacing();
    const result = await inPhase(context, 'install', () => commit(files, { inventory, sealed }, { from: state, to }));
    await move.install.reload();
    await swarm.settle();
    report.kept = result.kept;
    const { fromPeers, fromWebSeeds, reused } = swarm.bytes;
    report.bytes.fromPeers = fromPeers;
    report.bytes.fromWebSeeds = fromWebSeeds;
    report.bytes.reused += reused;
    if (swarm.playableSeconds !== undefined) report.playableSeconds = swarm.playableSeconds;
    report.peers = swarm.peersMax;
    report.seconds = (context.nowMs() - startedMs) / 1000;
    for (const { path, to: kept } of result.kept)
      context.warn(`kept ${path} as ${kept}: it was in the way of the release`);
    await swarm.seed();
    report.bytes.uploaded = swarm.bytes.uploaded;
  } catch (error) {
    throw asDiskFull('update', error);
  } finally {
    await swarm.stop();
  }
  return report;
}

/** A release whose documents are lost owns nothing any more: what is on disk is recognised by its content. */
async function findInstalled({ install, source }: Pick<Move, 'install' | 'source'>): Promise<Release | undefined> {
  try {
    return await source.installed(install.installed);
  } catch (error) {
    if (error instanceof InstallError && error.code === 'state_corrupt') return undefined;
    throw error;
  }
}
