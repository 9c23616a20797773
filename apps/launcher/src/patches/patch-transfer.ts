import { patchContentPath, PATCHES_DIRECTORY } from '@swarmpatch/install';
import type { Metainfo } from '@swarmpatch/metainfo';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import { FilePieceStore, ResumeFile, type Transfer } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';
import type { SharingSources } from '../move/release-sharing.ts';
import type { HostPolicy } from '../origin/host-policy.ts';

export interface PatchTorrent {
  metainfo: Metainfo;
  /** v2, hex. */
  infohash: string;
  /** What is missing of it is fetched; or what is there is served, and nothing else. */
  purpose: 'fetch' | 'serve';
  webSeeds: readonly string[];
  policy: HostPolicy;
  /** To be fetched in; without a limit unless given. */
  timeoutMs?: number | undefined;
}

/** A patch in its swarm, until it is stopped. */
export class PatchTransfer {
  readonly transfer: Transfer;
  readonly #purpose: PatchTorrent['purpose'];
  readonly #resume: ResumeFile;

  private constructor(transfer: Transfer, purpose: PatchTorrent['purpose'], resume: ResumeFile) {
    this.transfer = transfer;
    this.#purpose = purpose;
    this.#resume = resume;
  }

  /** @throws {TransferError} `listen_failed`, `torrent_incomplete`, `torrent_added`; the signal's reason */
  static async start(
    files: DiskFileSystem,
    { metainfo, infohash, purpose, webSeeds, policy, timeoutMs }: PatchTorrent,
    { trackers, transfers }: Pick<SharingSources, 'trackers' | 'transfers'>,
    { signal }: Pick<CommandContext, 'signal'>,
  ): Promise<PatchTransfer> {
    const path = patchContentPath(infohash);
    const locate = (): string => files.absolute(path);
    const flush = (): Promise<void> => files.sync([path]);
    const resume = new ResumeFile({ metainfo, locate, flush, files, directory: PATCHES_DIRECTORY });
    const have = await resume.recall({ signal });
    const named = [await trackers.find(policy)];
    const session = await transfers.session();
    const { peers, webSeedUse, deadlineMs } = transfers.settings;
    const transfer = session.add({
      peers,
      webSeedUse,
      deadlineMs,
      timeoutMs,
      metainfo,
      store: new FilePieceStore(metainfo.geometry, locate),
      have,
      ...(purpose === 'serve' && { wanted: new Uint8Array(have.length) }),
      trackers: named,
      webSeeds: webSeeds.map((url) => ({ kind: 'bep19', url, namedBy: 'user' })),
      allowUrl: (url) => policy.allowsContent(url),
      signal,
    });
    transfers.show({ name: metainfo.name, transfer, fileAt: () => undefined });
    if (purpose === 'fetch') resume.keep(() => transfer.have);
    else await resume.save(have);
    return new PatchTransfer(transfer, purpose, resume);
  }

  /** Remembers what is there. */
  async save(): Promise<void> {
    await this.#resume.save(this.transfer.have);
  }

  /** What is only served may be pruned by another command meanwhile: nothing is written then. */
  async stop(): Promise<void> {
    await this.transfer.stop();
    if (this.#purpose === 'fetch') await this.#resume.close(this.transfer.have);
  }
}
