import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHANNEL_HISTORY_MAX,
  type ChannelRecord,
  encodeChannelRecord,
  moveChannel,
  parseChannelRecord,
  rollBackChannel,
} from './channel-record.ts';
import { ReleaseError } from './release-error.ts';

const place = { game: 'starfall', channel: 'stable' };

function moved(...versions: string[]): ChannelRecord {
  const records = versions.reduce<ChannelRecord | undefined>(
    (record, version) => moveChannel(record, { ...place, version, rollout: undefined }),
    undefined,
  );
  if (records === undefined) throw new Error('name a version');
  return records;
}

describe('moveChannel() and rollBackChannel()', () => {
  it('remember what the channel named, and go back one step at a time', () => {
    const third = moved('1.0.0', '1.1.0', '1.2.0');
    expect(third).toMatchObject({ version: '1.2.0', history: ['1.1.0', '1.0.0'] });
    const second = rollBackChannel(third);
    expect(second).toMatchObject({ version: '1.1.0', history: ['1.0.0'] });
    expect(() => rollBackChannel(rollBackChannel(second))).toThrow(
      expect.objectContaining({ code: 'no_previous_release' }),
    );
  });

  it('keep the history when only the rollout changes', () => {
    const staged = moveChannel(moved('1.0.0', '1.1.0'), { ...place, version: '1.1.0', rollout: 10 });
    expect(staged).toMatchObject({ version: '1.1.0', rollout: 10, history: ['1.0.0'] });
    expect(rollBackChannel(staged)).not.toHaveProperty('rollout');
  });

  it('forget the oldest versions past the limit', () => {
    const versions = Array.from({ length: CHANNEL_HISTORY_MAX + 5 }, (_, index) => `1.${index}.0`);
    expect(moved(...versions).history).toHaveLength(CHANNEL_HISTORY_MAX);
  });

  it.each([-1, 101, NaN])('refuse a rollout of %s percent', (rollout) => {
    expect(() => moveChannel(undefined, { ...place, version: '1.0.0', rollout })).toThrow(
      expect.objectContaining({ code: 'bad_rollout' }),
    );
  });
});

describe('parseChannelRecord()', () => {
  it('reads what encodeChannelRecord() wrote', () => {
    const record = moveChannel(moved('1.0.0'), { ...place, version: '1.1.0', rollout: 25 });
    expect(parseChannelRecord(encodeChannelRecord(record))).toEqual(record);
  });

  it('gives a record or a ReleaseError for any change of a valid one', () => {
    const valid = encodeChannelRecord(moved('1.0.0', '1.1.0'));
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? valid.subarray(0, at) : valid.slice();
        if (!cut) bytes[at] = byte;
        try {
          parseChannelRecord(bytes);
        } catch (error) {
          if (!(error instanceof ReleaseError)) throw error;
        }
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => parseChannelRecord(bytes)).toThrow(ReleaseError);
      }),
    );
  });
});
