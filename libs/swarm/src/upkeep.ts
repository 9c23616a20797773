import type { Outbox } from './command.ts';
import type { RateMeter } from './rates/rate-meter.ts';
import type { SwarmParts } from './swarm-parts.ts';
import { receivedBytes } from './swarm-stats.ts';
import { type SourceState, SourceWatch } from './web/source-state.ts';

/** How often it is looked for peers that have gone silent. */
const SILENCE_CHECK_MS = 1_000;

/** What a swarm does because time passes. */
export class Upkeep {
  isPaused = false;
  readonly #parts: SwarmParts;
  readonly #outbox: Outbox;
  readonly #sent: RateMeter;
  readonly #sourceWatch = new SourceWatch();
  #nextSilenceCheckMs = -Infinity;

  /** @param options.sent Payload to peers. */
  constructor(options: { parts: SwarmParts; outbox: Outbox; sent: RateMeter }) {
    this.#parts = options.parts;
    this.#outbox = options.outbox;
    this.#sent = options.sent;
  }

  /** Whether what is wanted comes; as of the last tick. */
  get sourceState(): SourceState {
    return this.#sourceWatch.state;
  }

  tick(nowMs: number): void {
    const { unchoking, extensions, hashes, superSeeding, connections, registry, peers } = this.#parts;
    this.#checkSilence(nowMs);
    unchoking.round(this.#isComplete ? 'seed' : 'leecher', this.#sent.bytesPerSecond(nowMs), nowMs);
    extensions.tick(peers.values(), nowMs);
    hashes.tick(nowMs);
    superSeeding?.tick(nowMs);
    if (this.isPaused) return;
    connections.makeRoom(nowMs);
    for (const address of registry.book.take(peers.size, nowMs)) this.#outbox.put({ kind: 'dial', address });
    this.planWebSeeds(nowMs);
    this.#watchSources(nowMs);
  }

  planWebSeeds(nowMs: number): void {
    if (this.#isComplete || this.isPaused) return;
    const { peers, requests, ledger, webSeeding } = this.#parts;
    const bytesPerSecond = requests.meter.bytesPerSecond(nowMs);
    webSeeding.plan({ count: peers.size, bytesPerSecond, urgent: ledger.urgent }, nowMs);
  }

  get #isComplete(): boolean {
    return this.#parts.ledger.wantedLeft === 0;
  }

  #checkSilence(nowMs: number): void {
    if (nowMs < this.#nextSilenceCheckMs) return;
    this.#nextSilenceCheckMs = nowMs + SILENCE_CHECK_MS;
    this.#parts.requests.snubSilent(nowMs);
    this.#parts.requests.lookAgain();
    this.#parts.connections.keepAlive(nowMs);
  }

  #watchSources(nowMs: number): void {
    this.#sourceWatch.look(
      {
        receivedBytes: receivedBytes(this.#parts),
        isComplete: this.#isComplete,
        isBusy: this.#parts.finish.isBusy,
        canPeersHelp: [...this.#parts.peers.values()].some((peer) => peer.usefulPieces > 0),
        provenBad: this.#parts.webSeeding.seeds.provenBad,
      },
      nowMs,
    );
  }
}
