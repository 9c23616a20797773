import type { PieceLedger } from './piece-ledger.ts';

/** Compares what is kept about pieces with what it is kept of. @throws {Error} for tests. */
export function auditPieces(ledger: PieceLedger): void {
  let heldBytes = 0;
  for (let piece = 0; piece < ledger.layout.pieceCount; piece += 1) {
    const state = ledger.stateOf(piece);
    const fits =
      (ledger.openPiece(piece) !== undefined) === (state === 'open') &&
      ledger.have.has(piece) === (state === 'have') &&
      ledger.rarity.includes(piece) === (state === 'absent' && ledger.wanted.has(piece));
    if (!fits) throw new Error(`audit: piece ${piece} is ${state} and something else`);
    if (state !== 'absent' && state !== 'have') heldBytes += ledger.layout.sizeBytes(piece);
  }
  for (const open of ledger.openPieces) {
    open.audit();
    if (ledger.lackingPieces.has(open) !== open.missingCount > 0)
      throw new Error(`audit: piece ${open.piece} lacks blocks or not`);
  }
  if (heldBytes !== ledger.heldBytes)
    throw new Error(`audit: ${heldBytes} bytes are held, ${ledger.heldBytes} are counted`);
  if (heldBytes > ledger.heldBytesMax)
    throw new Error(`audit: ${heldBytes} bytes are held, at most ${ledger.heldBytesMax} may be`);
}
