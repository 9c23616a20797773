import type { WebSeed } from './web-seed.ts';

const REDIRECTS_REMEMBERED_MAX = 4096;

/** Where a seed's URLs were redirected to, so that not every range takes the way again. The oldest are forgotten. */
export class RedirectMemory {
  readonly #targets = new Map<string, string>();

  target(url: string): string | undefined {
    return this.#targets.get(url);
  }

  remember(url: string, target: string): void {
    this.#targets.delete(url);
    if (this.#targets.size >= REDIRECTS_REMEMBERED_MAX) {
      const [oldest] = this.#targets.keys();
      if (oldest !== undefined) this.#targets.delete(oldest);
    }
    this.#targets.set(url, target);
  }

  forget(url: string): void {
    this.#targets.delete(url);
  }
}

const memories = new WeakMap<WebSeed, RedirectMemory>();

/** The memory of one seed lives as long as its `WebSeed` object. */
export function redirectMemoryOf(webSeed: WebSeed): RedirectMemory {
  let memory = memories.get(webSeed);
  if (memory === undefined) {
    memory = new RedirectMemory();
    memories.set(webSeed, memory);
  }
  return memory;
}
