import { resolve } from 'node:path';

import { pathInDownload } from '@swarmpatch/metainfo';
import type { Transfer, TransferLimits } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';

import { bytesOf, type CommandTransfers } from '../transfers/command-transfers.ts';
import { DownloadFolder } from './download-folder.ts';
import type { DownloadSource } from './download-source.ts';

/** What a download of one torrent comes to. */
export interface DownloadReport {
  readonly name: string;
  readonly bytes: number;
  readonly received: { readonly fromPeers: number; readonly fromWebSeeds: number };
  readonly reused: number;
  readonly uploaded: number;
  readonly protocolErrors: object;
  readonly playableSeconds?: number;
}

/** One torrent of a `download` command. */
export class DownloadedTorrent {
  readonly #source: DownloadSource;
  readonly #directory: string;
  readonly #limits: TransferLimits;
  readonly #folder: DownloadFolder;
  #transfer: Transfer | undefined;
  #playableSeconds: number | undefined;
  #announcing: Promise<void> | undefined;

  constructor(source: DownloadSource, directory: string, limits: TransferLimits) {
    this.#source = source;
    this.#directory = directory;
    this.#limits = limits;
    this.#folder = new DownloadFolder(directory, source.metainfo);
  }

  /** Once it has begun. */
  get transfer(): Transfer | undefined {
    return this.#transfer;
  }

  /** Looks at what is there already and begins with the rest. */
  async start(transfers: CommandTransfers, context: CommandContext): Promise<void> {
    const { metainfo, selection, trackers, webSeeds, peers } = this.#source;
    const { settings } = transfers;
    const have = await this.#folder.check(context);
    const session = await transfers.session();
    for (const offered of await this.#folder.earlier()) session.offer(offered);
    const transfer = session.add({
      torrentLimits: this.#limits,
      webSeedUse: settings.webSeedUse,
      deadlineMs: settings.deadlineMs,
      timeoutMs: settings.timeoutMs,
      metainfo,
      store: this.#folder.store,
      have,
      wanted: selection.pieces,
      trackers,
      webSeeds: webSeeds.map((url) => ({ kind: 'bep19', url })),
      peers: [...(settings.peers ?? []), ...peers],
      signal: context.signal,
    });
    this.#transfer = transfer;
    this.#folder.keep(transfer);
    const byPath = new Map(
      [...selection.files].map((fileIndex) => {
        const { path, lengthBytes } = metainfo.files[fileIndex] ?? { path: '', lengthBytes: 0 };
        return [pathInDownload(metainfo, { path }), { fileIndex, lengthBytes }];
      }),
    );
    transfers.show({ name: metainfo.name, transfer, fileAt: (path) => byPath.get(path) });
    this.#fetchFirst(transfer, transfers);
  }

  /** Waits until all of it is here. @throws {TransferError} */
  async finish(): Promise<void> {
    await this.#transfer?.done;
    await this.#announcing;
    await this.#folder.finish(this.#source.selection.files);
  }

  report(): DownloadReport {
    if (!this.#transfer) throw new Error(`report on ${this.#source.metainfo.name}: it has not begun`);
    const { fromPeers, fromWebSeeds, reused, uploaded } = bytesOf(this.#transfer);
    return {
      name: this.#source.metainfo.name,
      bytes: this.#source.selection.lengthBytes,
      received: { fromPeers, fromWebSeeds },
      reused,
      uploaded,
      protocolErrors: this.#transfer.stats.protocolErrors,
      ...(this.#playableSeconds === undefined ? {} : { playableSeconds: this.#playableSeconds }),
    };
  }

  async stop(): Promise<void> {
    await this.#transfer?.stop();
    await this.#announcing;
    await this.#folder.close();
  }

  /** The files of `--play-first` are in place as soon as they are whole. */
  #fetchFirst(transfer: Transfer, transfers: CommandTransfers): void {
    const { metainfo, selection } = this.#source;
    const selected = [...selection.files];
    const among = transfers.settings.firstFiles?.indexesAmong(
      selected.map((fileIndex) => metainfo.files[fileIndex]?.path ?? ''),
    );
    if (among === undefined || among.length === 0) return;
    const first = among.map((index) => selected[index] ?? 0);
    transfer.fetchFirst(first);
    const files = first.map((fileIndex) => pathInDownload(metainfo, { path: metainfo.files[fileIndex]?.path ?? '' }));
    const announce = async (): Promise<void> => {
      await this.#folder.finish(new Set(first));
      this.#playableSeconds = transfers.seconds;
      transfers.announcePlayable({
        name: metainfo.name,
        seconds: transfers.seconds,
        directory: resolve(this.#directory),
        files,
      });
    };
    // When the transfer or the disk fails, that is told by whoever waits for all of it.
    this.#announcing = transfer
      .whenHere(first)
      .then(announce)
      .catch(() => undefined);
  }
}
