import { listPatches } from '@swarmpatch/install';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import { TransferError } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';
import type { SharingSources } from '../move/release-sharing.ts';
import type { HostPolicy } from '../origin/host-policy.ts';
import { readPatchTorrent } from './patch-torrent.ts';
import { PatchTransfer } from './patch-transfer.ts';

/** The patches that an install keeps, each in its swarm as far as it is here. */
export class ServedPatches {
  readonly #patches: readonly PatchTransfer[];

  private constructor(patches: readonly PatchTransfer[]) {
    this.#patches = patches;
  }

  /** Passes over what has no torrent, and what another install of the session serves already. */
  static async open(
    files: DiskFileSystem,
    policy: HostPolicy,
    sharing: SharingSources,
    context: CommandContext,
  ): Promise<ServedPatches> {
    const patches: PatchTransfer[] = [];
    for (const { infohash } of await listPatches(files)) {
      const metainfo = await readPatchTorrent(files, infohash);
      if (metainfo === undefined) continue;
      const torrent = { metainfo, infohash, purpose: 'serve', webSeeds: [], policy } as const;
      try {
        patches.push(await PatchTransfer.start(files, torrent, sharing, context));
      } catch (error) {
        if (!(error instanceof TransferError && error.code === 'torrent_added')) throw error;
      }
    }
    return new ServedPatches(patches);
  }

  /** How many have at least a piece. */
  get count(): number {
    return this.#patches.filter(({ transfer }) => transfer.stats.piecesHave > 0).length;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#patches.map((patch) => patch.stop()));
  }
}
