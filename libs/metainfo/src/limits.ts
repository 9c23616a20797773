/** 200,000 files of a hybrid torrent, pads included. */
export const TORRENT_BYTES_MAX: number = 64 * 1024 * 1024;
export const FILE_COUNT_MAX = 250_000;
/** More trackers, web seeds or DHT nodes than these are left unread. */
export const TRACKERS_MAX = 100;
export const WEB_SEEDS_MAX = 100;
export const DHT_NODES_MAX = 100;
export const URL_CHARACTERS_MAX = 2048;
export const COMMENT_BYTES_MAX = 4096;
