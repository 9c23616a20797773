import type { Transfer } from '@swarmpatch/node-io/transfer';

/** A torrent that a command transfers now. */
export interface ShownTorrent {
  readonly name: string;
  readonly transfer: Transfer;
  /** The file that a path of the manifest or torrent names. */
  readonly fileAt: (path: string) => ShownFile | undefined;
  /** Waited for before each read: files may be on their way to another place. */
  readonly whenReadable?: () => Promise<void>;
}

export interface ShownFile {
  readonly fileIndex: number;
  readonly lengthBytes: number;
}

/** That the files that come first are whole: the game can be started. */
export interface PlayableEvent {
  readonly name: string;
  /** Since the command began. */
  readonly seconds: number;
  /** Where the files are to be found now. */
  readonly directory: string;
  readonly files: readonly string[];
}

/** What a command that stays on is at. */
export interface WatchView {
  /** `staged`: a release is whole beside the install. */
  readonly state: 'watching' | 'updating' | 'staged';
  /** Installed now; none until the first release is whole. */
  readonly version: string | null;
  /** What is to come; none while the install is as it should be. */
  readonly wanted: string | null;
  /** Why what is to come has to wait. */
  readonly waitingFor: readonly string[];
  /** Whether the origin tells news as they come; they are asked for from time to time otherwise. */
  readonly listening: boolean;
  /** What went wrong the last time, until it goes right. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** What a command has to show, to whoever looks. */
export interface TransferBoard {
  readonly torrents: readonly ShownTorrent[];
  /** Why nothing is transferred now. */
  readonly pausedBy: readonly string[];
  readonly playable: readonly PlayableEvent[];
  readonly isDone: boolean;
  /** Of `watch` alone. */
  readonly watch?: WatchView | undefined;
}

/** As `/status` shows it. */
export function describeBoard({ torrents, pausedBy, playable, isDone, watch }: TransferBoard): object {
  return {
    state: isDone ? 'done' : pausedBy.length > 0 ? 'paused' : 'running',
    pausedBy,
    playable,
    ...(watch && { watch }),
    torrents: torrents.map(({ name, transfer }) => {
      const { stats } = transfer;
      return {
        name,
        wantedBytes: stats.wantedBytes,
        leftBytes: stats.wantedLeftBytes,
        bytes: {
          fromPeers: stats.fromPeersBytes,
          fromWebSeeds: stats.fromWebSeedsBytes,
          reused: stats.fromDiskBytes,
          uploaded: stats.uploadedBytes,
        },
        peers: stats.peers,
        downloadBytesPerSecond: Math.round(stats.downloadBytesPerSecond),
        uploadBytesPerSecond: Math.round(stats.uploadBytesPerSecond),
      };
    }),
  };
}
