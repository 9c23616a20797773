import { PIECE_LENGTH_BYTES_MAX } from '@swarmpatch/metainfo';
import { BLOCK_LENGTH_BYTES } from '@swarmpatch/peer-wire';

const BLOCKS_PER_PIECE_MAX = PIECE_LENGTH_BYTES_MAX / BLOCK_LENGTH_BYTES;

/** One number for a block of the torrent. */
export function blockKey(piece: number, block: number): number {
  return piece * BLOCKS_PER_PIECE_MAX + block;
}

export function blockOfKey(key: number): { piece: number; block: number } {
  const block = key % BLOCKS_PER_PIECE_MAX;
  return { piece: (key - block) / BLOCKS_PER_PIECE_MAX, block };
}
