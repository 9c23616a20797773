/** Which hosts may be asked for content or peers: the origin that the player named, and those that the signed manifest names. */
export class HostPolicy {
  readonly #hosts: ReadonlySet<string>;

  constructor(originUrl: string, signedUrls: readonly string[]) {
    this.#hosts = new Set([originUrl, ...signedUrls].map((url) => new URL(url).hostname));
  }

  allowsContent(url: URL): boolean {
    return (url.protocol === 'http:' || url.protocol === 'https:') && this.#hosts.has(url.hostname);
  }

  allowsTracker(text: string): boolean {
    if (!URL.canParse(text)) return false;
    const url = new URL(text);
    // A URL of a scheme that browsers do not know keeps its host as it is written.
    return ['http:', 'https:', 'udp:'].includes(url.protocol) && this.#hosts.has(url.hostname);
  }
}
