/** Where each thing of the origin is, relative to its public URL; every argument must have passed its rule in `release`. */
export const originPaths: OriginPaths = {
  service: () => '/api/service',
  games: () => '/api/games',
  game: (game) => `/api/games/${game}`,
  trust: (game) => `/api/games/${game}/trust`,
  targets: (game) => `/api/games/${game}/targets`,
  releases: (game) => `/api/games/${game}/releases`,
  release: (game, version) => `/api/games/${game}/releases/${version}`,
  patches: (game, version) => `/api/games/${game}/releases/${version}/patches`,
  status: (game) => `/api/games/${game}/status`,
  events: (game) => `/api/games/${game}/events`,
  upload: (game, version) => `/api/games/${game}/uploads/${version}`,
  blobs: (game, version) => `/api/games/${game}/uploads/${version}/blobs`,
  commit: (game, version) => `/api/games/${game}/uploads/${version}/commit`,
  trustFile: (game, name) => `/trust/${game}/${name}`,
  torrent: (game, version) => `/torrents/${game}/${version}.torrent`,
  content: (game, version) => `/content/${game}/${version}/`,
  stream: (game, version) => `/streams/${game}/${version}`,
};

export interface OriginPaths {
  service(): string;
  games(): string;
  game(game: string): string;
  trust(game: string): string;
  targets(game: string): string;
  releases(game: string): string;
  release(game: string, version: string): string;
  /** Patches to a release. */
  patches(game: string, version: string): string;
  status(game: string): string;
  /** Server-sent events. */
  events(game: string): string;
  upload(game: string, version: string): string;
  blobs(game: string, version: string): string;
  commit(game: string, version: string): string;
  /** `name` as `TrustFetcher` asks for it, such as `timestamp.json` or `targets/channels/<sha256>.stable.json`. */
  trustFile(game: string, name: string): string;
  torrent(game: string, version: string): string;
  /** The BEP 19 URL of a release; ends in a slash. */
  content(game: string, version: string): string;
  stream(game: string, version: string): string;
}
