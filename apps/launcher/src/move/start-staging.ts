import { Staging } from '@swarmpatch/install';
import type { CommandContext } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import type { Release } from '../origin/release-source.ts';
import { RouteArrival } from '../patches/route-arrival.ts';
import { failureOfNeed, type RouteFailure, type RouteNeed } from '../patches/route-failure.ts';
import { addBytes, bytesOf, NO_BYTES } from '../transfers/command-transfers.ts';
import { lookAround } from './look-around.ts';
import { inPhase } from './phases.ts';
import { shareRelease, type SharingSources } from './release-sharing.ts';
import type { Survey } from './survey.ts';

/** Releases that come as pieces, beside the install, for patches to begin with. */
export class StartStaging {
  bytes = NO_BYTES;
  peersMax = 0;
  readonly #install: OpenInstall;
  readonly #sharing: SharingSources;
  readonly #context: CommandContext;

  constructor(install: OpenInstall, sharing: SharingSources, context: CommandContext) {
    this.#install = install;
    this.#sharing = sharing;
    this.#context = context;
  }

  /** @returns what kept it from coming; undefined when all of it that is not installed is staged. @throws the signal's reason */
  async stage(start: Release, { before, inventory, route }: Survey): Promise<RouteFailure | undefined> {
    const need: RouteNeed = { name: `release ${start.manifest.version}, which patches begin with,`, links: route };
    const wanted = new Set(inventory.target.manifest.files.flatMap(({ piecesRoot }) => piecesRoot ?? []));
    try {
      const staging = await this.#open(start, { before, keep: wanted });
      const failure = staging.wanted.size > 0 ? await this.#fetch(staging, start, need) : undefined;
      if (failure !== undefined) return failure;
      const { signal } = this.#context;
      const wrong = await inPhase(this.#context, 'verify', (onProgress) =>
        staging.check(this.#install.hasher, { signal, onProgress }),
      );
      if (wrong.length === 0) return undefined;
      return failureOfNeed(need, new Error(`${wrong.length} of its pieces are not as they were written`));
    } catch (error) {
      this.#context.signal.throwIfAborted();
      return failureOfNeed(need, error);
    }
  }

  async #open(
    start: Release,
    { before, keep }: { before: Survey['before']; keep: ReadonlySet<string> },
  ): Promise<Staging> {
    const { files } = this.#install;
    const { signal } = this.#context;
    // None is rewritten in the install: patches read whole files.
    const shownEarly = new Set(start.manifest.files.keys());
    const wanted = { target: start.pieces, depth: 'quick', shownEarly } as const;
    const inventory = await lookAround(this.#install, before, wanted, this.#context);
    return inPhase(this.#context, 'reuse', (onProgress) =>
      Staging.open(files, inventory, { keep, signal, onProgress }),
    );
  }

  async #fetch(staging: Staging, start: Release, need: RouteNeed): Promise<RouteFailure | undefined> {
    const { have, wanted } = staging;
    const { timeoutMs } = this.#sharing.transfers.settings;
    const locate = (fileIndex: number): string => this.#install.files.absolute(staging.locate(fileIndex));
    // The other half is for what has to come when this comes to nothing.
    const pieces = { have, wanted, locate, timeoutMs: timeoutMs && timeoutMs / 2 };
    const transfer = await shareRelease(start, pieces, this.#sharing, this.#context);
    const arrival = new RouteArrival([{ need, transfer }], this.#sharing, this.#context);
    try {
      const failure = await arrival.wait();
      this.#context.signal.throwIfAborted();
      if (failure === undefined) staging.markFetched();
      return failure;
    } finally {
      this.peersMax = Math.max(this.peersMax, arrival.peersMax);
      await transfer.stop();
      this.bytes = addBytes(this.bytes, bytesOf(transfer));
    }
  }
}
