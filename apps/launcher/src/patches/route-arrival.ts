import type { Transfer } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';
import type { SharingSources } from '../move/release-sharing.ts';
import { showTransfers } from '../transfer-progress.ts';
import { PatchPatience } from './patch-patience.ts';
import { failureOfNeed, type RouteFailure, type RouteNeed } from './route-failure.ts';

const LOOK_MS = 250;

export interface AwaitedTransfer {
  need: RouteNeed;
  transfer: Transfer;
}

/** What a route of patches wants, on its way. */
export class RouteArrival {
  peersMax = 0;
  readonly #running: readonly AwaitedTransfer[];
  readonly #sharing: SharingSources;
  readonly #context: CommandContext;
  readonly #patience = new PatchPatience();
  readonly #failed: Promise<RouteFailure>;
  #fail: (failure: RouteFailure) => void = () => undefined;
  #isDoubted = false;

  constructor(running: readonly AwaitedTransfer[], sharing: SharingSources, context: CommandContext) {
    this.#running = running;
    this.#sharing = sharing;
    this.#context = context;
    this.#failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    for (const { need, transfer } of running) {
      transfer.done.catch((error: unknown) => this.#fail(failureOfNeed(need, error)));
    }
  }

  /** @returns what kept one of them from coming; undefined when all are here. */
  async wait(): Promise<RouteFailure | undefined> {
    const transfers = this.#running.map(({ transfer }) => transfer);
    const arrived = Promise.all(transfers.map(({ done }) => done)).then(
      () => undefined,
      () => this.#failed,
    );
    const timer = setInterval(() => this.#look(), LOOK_MS);
    try {
      return await showTransfers(() => transfers, Promise.race([arrived, this.#failed]), this.#context);
    } finally {
      clearInterval(timer);
      this.#countPeers();
    }
  }

  #look(): void {
    this.#countPeers();
    const verdict = this.#judge();
    if (verdict === 'end') this.#fail(this.#silence());
    if (verdict === 'doubt' && !this.#isDoubted) void this.#doubt();
    this.#isDoubted = verdict === 'doubt';
  }

  /** When the origin can be reached again is for the transfers to find out. */
  async #doubt(): Promise<void> {
    const { origin, transfers } = this.#sharing;
    const isOffline = transfers.settings.webSeedUse !== 'avoid' && !(await origin.answers());
    if (!isOffline && this.#judge() !== 'wait') this.#fail(this.#silence());
  }

  #judge(): ReturnType<PatchPatience['look']> {
    const piecesLeft = this.#running.reduce((sum, { transfer }) => sum + transfer.stats.piecesWantedLeft, 0);
    const state = this.#sharing.transfers.pausedBy.length > 0 ? 'paused' : 'running';
    return this.#patience.look(piecesLeft, state, this.#context.nowMs());
  }

  #countPeers(): void {
    for (const { transfer } of this.#running) this.peersMax = Math.max(this.peersMax, transfer.stats.peers);
  }

  #silence(): RouteFailure {
    const silent = this.#running.filter(({ transfer }) => transfer.stats.piecesWantedLeft > 0);
    const names = silent.map(({ need }) => need.name).join(' and ');
    const [first] = silent;
    const why = first?.transfer.stats.stall?.reason ?? 'no peer or web seed that has it is reachable';
    return {
      links: silent.flatMap(({ need }) => need.links),
      reason: `no piece of ${names} has come for too long: ${why}`,
    };
  }
}
