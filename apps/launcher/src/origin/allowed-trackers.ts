import type { CommandContext } from '@swarmpatch/terminal';
import type { HostPolicy } from './host-policy.ts';
import type { Origin } from './origin.ts';

/** Trackers are told by the origin unsigned, so only those on hosts that may be asked anyway are taken. Asked for once. */
export class AllowedTrackers {
  readonly #origin: Origin;
  readonly #context: CommandContext;
  readonly #refused = new Set<string>();
  #named: Promise<string[]> | undefined;
  #areKnown = true;

  constructor(origin: Origin, context: CommandContext) {
    this.#origin = origin;
    this.#context = context;
  }

  /** False when the origin could not be asked. */
  get areKnown(): boolean {
    return this.#areKnown;
  }

  /** Asks the origin, unless that has been done. */
  async ask(): Promise<string[]> {
    this.#named ??= this.#ask();
    return this.#named;
  }

  async find(policy: HostPolicy): Promise<string[]> {
    const allowed: string[] = [];
    for (const url of await this.ask()) {
      if (policy.allowsTracker(url)) allowed.push(url);
      else this.#refuse(url);
    }
    return allowed;
  }

  async #ask(): Promise<string[]> {
    try {
      return await this.#origin.trackers();
    } catch (error) {
      this.#context.signal.throwIfAborted();
      this.#areKnown = false;
      this.#context.warn(`no trackers: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  #refuse(url: string): void {
    if (this.#refused.has(url)) return;
    this.#refused.add(url);
    this.#context.warn(`tracker ${url} is on another host than the origin and is not asked`);
  }
}
