import { PieceGeometry } from '@swarmpatch/metainfo';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Bitfield } from './bitfield.ts';
import { BlockLayout } from './block-layout.ts';
import { auditPieces } from './piece-audit.ts';
import { PieceLedger } from './piece-ledger.ts';

const PIECE = 65_536;
const layout = new BlockLayout(
  new PieceGeometry([{ lengthBytes: 10 * PIECE + 20_000, offsetBytes: 0 }], PIECE, 11 * PIECE),
);

function ledgerOf(heldBytesMax = 100 * PIECE): PieceLedger {
  return new PieceLedger({
    layout,
    have: new Bitfield(11),
    wanted: Bitfield.full(11),
    heldBytesMax,
    random: () => 0.5,
  });
}

describe('BlockLayout', () => {
  it('asks for no pads, but serves them up to the piece length', () => {
    expect(layout.filledBytes(10)).toBe(20_000);
    expect(layout.blockCount(10)).toBe(2);
    expect(layout.span(10, 1)).toEqual({ piece: 10, begin: 16_384, lengthBytes: 3_616 });
    expect(layout.isServable({ piece: 10, begin: PIECE - 16_384, lengthBytes: 16_384 })).toBe(true);
    expect(layout.isServable({ piece: 10, begin: PIECE - 16_383, lengthBytes: 16_384 })).toBe(false);
    expect(layout.isServable({ piece: 11, begin: 0, lengthBytes: 16_384 })).toBe(false);
    expect(layout.isServable({ piece: 0, begin: 0, lengthBytes: 16_385 })).toBe(false);
  });
});

describe('PieceLedger', () => {
  it('takes a piece from absent to have, and counts what it holds on the way', () => {
    const ledger = ledgerOf();
    const open = ledger.open(10, 0);
    expect([ledger.stateOf(10), ledger.heldBytes]).toEqual(['open', PIECE]);
    expect(ledger.receive(open, 0, 1, 0)).toBe('open');
    expect(ledger.receive(open, 1, 1, 0)).toBe('verifying');
    ledger.verified(10, 'good');
    ledger.written(10);
    expect([ledger.stateOf(10), ledger.heldBytes, ledger.wantedLeft]).toEqual(['have', 0, 10]);
    expect(ledger.wantedLeftBytes).toBe(10 * PIECE);
    auditPieces(ledger);
  });

  it('makes a piece with wrong bytes absent and pickable again', () => {
    const ledger = ledgerOf();
    ledger.receiveWhole(3);
    ledger.verified(3, 'bad');
    expect([ledger.stateOf(3), ledger.rarity.includes(3), ledger.heldBytes]).toEqual(['absent', true, 0]);
  });

  it('refuses every step that skips a state', () => {
    const ledger = ledgerOf();
    expect(() => {
      ledger.written(0);
    }).toThrow('writing is wanted');
    expect(() => {
      ledger.verified(0, 'good');
    }).toThrow('verifying is wanted');
    const open = ledger.open(0, 0);
    expect(() => ledger.open(0, 0)).toThrow('absent is wanted');
    ledger.ask(open, 0);
    expect(() => {
      ledger.giveUp(open);
    }).toThrow('asked for');
  });

  it('has no room past its bound, but always for two pieces', () => {
    const ledger = ledgerOf(1);
    ledger.open(0, 0);
    expect(ledger.hasRoomFor(1)).toBe(true);
    ledger.open(1, 0);
    expect(ledger.hasRoomFor(2)).toBe(false);
    expect(ledger.hasRoomFor(1)).toBe(true);
  });

  it('keeps every block in one state whatever is asked for, taken back, received and forgotten', () => {
    const step = fc.record({
      action: fc.constantFrom('ask', 'unask', 'receive', 'forget'),
      piece: fc.nat(10),
      block: fc.nat(3),
      sender: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const ledger = ledgerOf();
        for (const { action, piece, block, sender } of steps) {
          const open =
            ledger.openPiece(piece) ?? (ledger.stateOf(piece) === 'absent' ? ledger.open(piece, 0) : undefined);
          if (!open || block >= open.blockCount) continue;
          if (action === 'forget') ledger.forgetSender(open, sender);
          else if (action === 'unask') {
            if (open.askersOf(block) > 0) ledger.unask(open, block);
          } else if (!open.isReceived(block)) {
            if (action === 'ask') ledger.ask(open, block);
            else ledger.receive(open, block, sender, 0);
          }
          auditPieces(ledger);
          const missing = open.nextMissing();
          if (missing !== undefined) expect(open.isReceived(missing) || open.askersOf(missing) > 0).toBe(false);
        }
      }),
    );
  });
});
