/** What must hold in every simulation, whatever its seed and faults. */
export type Invariant =
  /** No piece is written before it was verified, or with a block that is wrong. */
  | 'written_pieces_are_verified'
  /** Every piece and block is in exactly one state, and the engine's books agree. */
  | 'blocks_are_in_one_state'
  /** Nobody serves what it does not have. */
  | 'served_pieces_are_had'
  | 'upload_limit_is_kept'
  | 'download_limit_is_kept'
  | 'connections_are_bounded'
  | 'held_memory_is_bounded'
  /** Bytes by source add up to what was fetched. */
  | 'bytes_add_up'
  /** Only liars are banned, and no engine finds fault with another's messages. */
  | 'the_honest_are_trusted'
  /** Who stays gets everything while one copy is reachable. */
  | 'everyone_finishes'
  | 'the_engine_does_not_throw';

/** An invariant that did not hold, when and where. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, place: { readonly seed: number; readonly nowMs: number }, detail: string) {
    super(`${invariant}: seed ${place.seed}, after ${place.nowMs} ms: ${detail}`);
    this.invariant = invariant;
  }
}
