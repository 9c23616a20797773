import { Bitfield, Swarm, TokenBucket } from '@swarmpatch/swarm';
import { describe, expect, it } from 'vitest';

import type { Invariant } from './broken-invariant.ts';
import { LauncherChecks } from './launcher-checks.ts';
import { RateWatch } from './rate-watch.ts';
import { SimulatedSlots } from './simulated-slots.ts';
import { SimulatedTorrent } from './simulated-torrent.ts';

const PIECE_BYTES = 65_536;
const torrent = new SimulatedTorrent([4 * PIECE_BYTES], PIECE_BYTES);

/** Checks around an engine that does nothing, so that the test can play a broken one. */
function watch(): { checks: LauncherChecks; slots: SimulatedSlots } {
  const { layout } = torrent;
  const slots = new SimulatedSlots(layout);
  const swarm = new Swarm({
    layout,
    have: new Uint8Array(0),
    slots,
    peerId: '00'.repeat(20),
    self: { client: 'test', listenPort: 1 },
    downloadLimit: TokenBucket.unlimited(),
    uploadLimit: TokenBucket.unlimited(),
    webSeedCount: 0,
    random: () => 0.5,
  });
  const broken = (invariant: Invariant): never => {
    throw new Error(invariant);
  };
  const options = { heldBytesMax: 2 * PIECE_BYTES, maxUpload: 100_000, maxDownload: 100_000 };
  return { slots, checks: new LauncherChecks({ swarm, slots, layout, options, auditEvery: 1, broken }) };
}

describe('LauncherChecks', () => {
  it('names a piece that is written without being verified', () => {
    const { checks, slots } = watch();
    slots.adopt(1, torrent.piece(1, 'good'));
    expect(() => {
      checks.write(1);
    }).toThrow('written_pieces_are_verified');
  });

  it('names a piece that changed after it was verified', () => {
    const { checks, slots } = watch();
    slots.adopt(1, torrent.piece(1, 'good'));
    checks.verified(1, 'good');
    checks.write(1);
    slots.write(1, 0, torrent.block({ piece: 1, begin: 0, lengthBytes: 16_384 }, 'bad'));
    expect(() => {
      checks.written(1, new Bitfield(4));
    }).toThrow('written_pieces_are_verified');
  });

  it('names a piece that is written twice', () => {
    const { checks, slots } = watch();
    slots.adopt(1, torrent.piece(1, 'good'));
    checks.verified(1, 'good');
    expect(() => {
      checks.written(1, Bitfield.full(4));
    }).toThrow('blocks_are_in_one_state');
  });

  it('names a piece that is served without being there', () => {
    const { checks } = watch();
    expect(() => {
      checks.upload({ piece: 2, begin: 0, lengthBytes: 16_384 }, new Bitfield(4), 0);
    }).toThrow('served_pieces_are_had');
  });

  it('names limits that are passed', () => {
    const { checks } = watch();
    const span = { piece: 2, begin: 0, lengthBytes: 16_384 };
    expect(() => {
      for (let count = 0; count < 10; count += 1) checks.upload(span, Bitfield.full(4), 0);
    }).toThrow('upload_limit_is_kept');
    expect(() => {
      for (let count = 0; count < 100; count += 1) checks.downloaded(16_384, 0);
    }).toThrow('download_limit_is_kept');
    expect(() => {
      checks.connections(81, 80);
    }).toThrow('connections_are_bounded');
  });

  it('names memory that is not bounded', () => {
    const { checks, slots } = watch();
    for (const piece of [0, 1, 2]) slots.open(piece);
    expect(() => {
      checks.turn();
    }).toThrow('held_memory_is_bounded');
  });

  it('names bytes that do not add up at the end', () => {
    const { checks } = watch();
    expect(() => {
      checks.finished(0);
    }).toThrow('bytes_add_up');
  });
});

describe('RateWatch', () => {
  it('lets a rate and one burst pass in any window, and no more', () => {
    const rate = new RateWatch(1000, 500);
    expect(rate.pass(500, 0)).toBe(0);
    expect(rate.pass(100, 100)).toBe(0);
    expect(rate.pass(100, 150)).toBe(50);
    expect(rate.pass(500, 10_000)).toBe(0);
  });
});
