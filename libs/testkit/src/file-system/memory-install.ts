import { hash } from 'node:crypto';
import {
  commit,
  FileIndex,
  historyAfter,
  planFrom,
  readHistory,
  readManifest,
  readState,
  recover,
  refuseProtected,
  refuseWithoutSpace,
  saveReleaseDocuments,
  spaceForContent,
  Staging,
  STATE_DIRECTORY,
  takeInventory,
  writeState,
  type CommitResult,
  type FileSystem,
  type HistoryEntry,
  type InstallState,
} from '@swarmpatch/install';
import type { BuildFile } from '../builds/index.ts';
import { MemoryHasher } from './memory-hasher.ts';
import type { MemoryRelease } from './memory-release.ts';

export const NEW_INSTALL: InstallState = {
  installId: '0',
  game: 'starfall',
  origin: 'http://127.0.0.1',
  channel: 'stable',
  rootFingerprint: '0'.repeat(64),
  fingerprintFrom: 'given',
  history: [],
  refreshFailed: false,
  suspect: false,
};

/** When a first move is done; the next ones follow by the millisecond. */
export const FIRST_MOVE_MS = 1_700_000_000_000;

export interface MoveResult extends CommitResult {
  plan: ReturnType<typeof planFrom>;
  fetchedBytes: number;
  copiedBytes: number;
  /** Paths of files that were changed where they lie. */
  rewritten: string[];
}

export interface MoveOptions {
  depth?: 'quick' | 'deep';
  /** Unless given, as the plan says. */
  space?: MoveResult['plan']['chosen']['space'];
  /** Called while the release is fetched, with the number of pieces that are there. */
  onPiece?: (count: number) => Promise<void>;
}

/** Brings an install to a release as the launcher does, with pieces that come from memory. */
export async function moveInstall(
  files: FileSystem,
  target: MemoryRelease,
  options: MoveOptions = {},
): Promise<MoveResult> {
  await files.makeDirectory(STATE_DIRECTORY);
  await recover(files);
  const state = (await readState(files)) ?? NEW_INSTALL;
  await writeState(files, state);
  const hasher = new MemoryHasher(files);
  const index = await FileIndex.load(files);
  const installed = state.installed && (await readManifest(files, state.installed));
  const inventory = await takeInventory({
    files,
    hasher,
    index,
    installed,
    target: target.pieces,
    depth: options.depth ?? 'quick',
  });
  await index.save(files);
  const plan = planFrom(inventory, { scratchBytesMax: await spaceForContent(files, target.manifest) });
  await refuseProtected(files, inventory);
  await refuseWithoutSpace(files, target.manifest, plan.chosen.scratchBytes);
  const staging = await Staging.open(files, inventory, { space: options.space ?? plan.chosen.space });
  let fetchedBytes = 0;
  let count = 0;
  for (let piece = 0; piece < target.pieces.pieceCount; piece += 1) {
    if (!staging.wanted.has(piece)) continue;
    const { fileIndex, offsetBytes, data } = target.piece(piece);
    const path = staging.locate(fileIndex);
    if ((await files.stat(path)) === undefined) await files.write(path, data);
    else await files.writeAt(path, offsetBytes, data);
    fetchedBytes += data.length;
    count += 1;
    await options.onPiece?.(count);
  }
  const wrong = await staging.check(hasher, {});
  if (wrong.length > 0) throw new Error(`staged pieces ${wrong.join(', ')} are wrong`);
  await saveReleaseDocuments(files, target.manifest.version, {
    manifest: target.manifestBytes,
    torrent: target.torrentBytes,
  });
  const sealed = await staging.seal();
  const { version } = target.manifest;
  const to = { ...state, installed: target.installed, history: historyAfter(state, version), suspect: false };
  const entry: HistoryEntry = {
    atMs: FIRST_MOVE_MS + (await readHistory(files)).length,
    ...{ command: 'update', to: version, plan: plan.chosen.kind },
    bytes: { fromPeers: fetchedBytes, fromWebSeeds: 0, reused: staging.copiedBytes, written: plan.chosen.writeBytes },
  };
  const result = await commit(files, { inventory, sealed }, { from: state, to, entry });
  const rewritten = sealed.rewrites.map(({ path }) => path);
  return { ...result, plan, fetchedBytes, copiedBytes: staging.copiedBytes, rewritten };
}

/** Everything in a tree but the launcher's own directory, one line a file: path, mode and content. Empty directories too. */
export async function describeTree(files: FileSystem): Promise<string[]> {
  const lines: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    for (const { name, kind } of await files.list(directory)) {
      const path = directory === '' ? name : `${directory}/${name}`;
      if (path === STATE_DIRECTORY) continue;
      if (kind === 'directory') {
        await walk(path);
        if ((await files.list(path)).length === 0) lines.push(`${path}/`);
      } else if (kind === 'link') {
        lines.push(`${path} -> ${await files.readLink(path)}`);
      } else {
        const stat = await files.stat(path);
        const content = await files.read(path);
        lines.push(`${path} ${stat?.executable === true ? 'x' : '-'} ${content.length} ${hash('sha256', content)}`);
      }
    }
  };
  await walk('');
  return lines.sort();
}

/** Puts files into a tree as a player or another program does: nothing of the launcher's is told. */
export async function putFiles(files: FileSystem, build: readonly BuildFile[]): Promise<void> {
  for (const { path, content, executable, symlink } of build) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth += 1) await files.makeDirectory(names.slice(0, depth).join('/'));
    if (symlink === undefined) {
      await files.write(path, content);
      await files.setExecutable(path, executable);
    } else {
      await files.symlink(symlink, path);
    }
  }
}
