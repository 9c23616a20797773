import type { PieceSet } from '@swarmpatch/install';
import { FilePieceStore, type TorrentOptions, type Transfer } from '@swarmpatch/node-io/transfer';
import { type CommandContext } from '@swarmpatch/terminal';
import type { Manifest } from '@swarmpatch/release';
import type { ShownFile } from '../api/transfer-board.ts';
import type { AllowedTrackers } from '../origin/allowed-trackers.ts';
import { HostPolicy } from '../origin/host-policy.ts';
import type { Origin } from '../origin/origin.ts';
import type { Release } from '../origin/release-source.ts';
import type { CommandTransfers } from '../transfers/command-transfers.ts';

export interface SharingSources {
  origin: Origin;
  trackers: AllowedTrackers;
  transfers: CommandTransfers;
}

export interface SharedPieces {
  have: PieceSet;
  /** What to fetch; nothing when the release is only served. */
  wanted: PieceSet;
  /** Absolute path of a file now. */
  locate: (fileIndex: number) => string;
  /** To fetch what is wanted; as the player said unless given. */
  timeoutMs?: number | undefined;
  /** Resolves when files are where `locate` says; at once unless they are being moved. */
  whenReadable?: () => Promise<void>;
}

/** Joins a release's swarm: fetches what is wanted and serves what is there, until the transfer is stopped. */
export async function shareRelease(
  release: Release,
  pieces: SharedPieces,
  { origin, trackers, transfers }: SharingSources,
  context: CommandContext,
): Promise<Transfer> {
  const { manifest, metainfo } = release;
  const policy = new HostPolicy(origin.url, manifest.webSeeds);
  const store = new FilePieceStore(metainfo.geometry, pieces.locate);
  const { peers, webSeedUse, deadlineMs } = transfers.settings;
  const session = await transfers.session();
  let damagedPieces = 0;
  const transfer = session.add({
    peers,
    webSeedUse,
    deadlineMs,
    timeoutMs: pieces.timeoutMs ?? transfers.settings.timeoutMs,
    metainfo,
    store: new UnsyncedStore(store),
    have: pieces.have.bits,
    wanted: pieces.wanted.bits,
    trackers: [await trackers.find(policy)],
    webSeeds: [{ kind: 'stream', url: origin.streamUrl(manifest.game, manifest.version), namedBy: 'user' }],
    allowUrl: (url) => policy.allowsContent(url),
    onDamaged: (piece) => {
      damagedPieces += 1;
      if (damagedPieces === 1) context.warn(describeDamage(release, piece));
    },
    signal: context.signal,
  });
  transfers.show({
    name: `${manifest.game} ${manifest.version}`,
    transfer,
    fileAt: (path) => findContent(manifest, transfer, path),
    ...(pieces.whenReadable ? { whenReadable: pieces.whenReadable } : {}),
  });
  return transfer;
}

/** Content that several files have is fetched as one of them. */
function findContent(manifest: Manifest, transfer: Transfer, path: string): ShownFile | undefined {
  const fileIndex = manifest.files.findIndex((file) => file.path === path);
  const file = manifest.files[fileIndex];
  if (file === undefined || file.symlink !== undefined) return undefined;
  const { length: lengthBytes, piecesRoot } = file;
  if (transfer.expects(fileIndex, 0, lengthBytes)) return { fileIndex, lengthBytes };
  const other = manifest.files.findIndex(
    (each, index) => each.piecesRoot === piecesRoot && transfer.expects(index, 0, lengthBytes),
  );
  return { fileIndex: other < 0 ? fileIndex : other, lengthBytes };
}

type PieceStore = TorrentOptions['store'];

/** Staged files are synced all at once when they are sealed. */
class UnsyncedStore implements PieceStore {
  readonly #store: FilePieceStore;

  constructor(store: FilePieceStore) {
    this.#store = store;
  }

  read(piece: number, begin: number, lengthBytes: number): Promise<Uint8Array> {
    return this.#store.read(piece, begin, lengthBytes);
  }

  write(piece: number, data: Uint8Array): Promise<void> {
    return this.#store.write(piece, data);
  }

  edition(piece: number): ReturnType<FilePieceStore['edition']> {
    return this.#store.edition(piece);
  }

  knownEdition(piece: number): number {
    return this.#store.knownEdition(piece);
  }

  async flush(): Promise<void> {
    return;
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function describeDamage({ metainfo }: Release, piece: number): string {
  const [span] = metainfo.geometry.filesOfPiece(piece);
  const path = span && metainfo.files[span.fileIndex]?.path;
  return `${path ?? 'a file'} is not as it was installed; what is damaged is not served; run repair to mend it`;
}
