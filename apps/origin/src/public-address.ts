import { Injectable } from '@nestjs/common';
import { originPaths } from '@swarmpatch/api-contract';
import { OriginError } from './origin-error.ts';

/** Where others reach this origin: known once its sockets are bound. */
@Injectable()
export class PublicAddress {
  #urls: { http: string; udp: string } | undefined;

  /** @param udpPort Of the UDP tracker, on the host of the public URL. */
  set(publicUrl: string, udpPort: number): void {
    const http = publicUrl.replace(/\/+$/, '');
    this.#urls = { http, udp: `udp://${new URL(http).hostname}:${udpPort}/announce` };
  }

  /** Without a trailing slash. */
  get url(): string {
    return this.#known.http;
  }

  get trackers(): string[] {
    const { http, udp } = this.#known;
    return [`${http}/announce`, udp];
  }

  get #known(): { http: string; udp: string } {
    if (!this.#urls) throw new OriginError('internal', 'read the public address: the origin is still starting');
    return this.#urls;
  }

  webSeed(game: string, version: string): string {
    return `${this.url}${originPaths.content(game, version)}`;
  }
}
