import type { CommandContext } from '@swarmpatch/terminal';
import type { HostPolicy } from './host-policy.ts';
import type { Origin } from './origin.ts';

/** Trackers are told by the origin unsigned, so only those on hosts that may be asked anyway are taken. Asked for once. */
export class AllowedTrackers {
  readonly #origin: Origin;
  readonly #context: CommandContext;
  readonly #refused = new Set<string>();
  #named: Promise<string[]> | undefined;

  constructor(origin: Origin, context: CommandContext) {
    this.#origin = origin;
    this.#context = context;
  }

  async find(policy: HostPolicy): Promise<string[]> {
    this.#named ??= this.#ask();
    const allowed: string[] = [];
    for (const url of await this.#named) {
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
