import { describe, expect, it } from 'vitest';
import { STAND_INS_MAX, StandIns } from './stand-ins.ts';

const addressOf = (index: number): string => `2a00::${(index >> 12).toString(16)}:${(index & 4095).toString(16)}`;

describe('StandIns', () => {
  it('give each host a name of its own, the same every time', () => {
    const names = new StandIns(() => []);
    const given = Array.from({ length: 1000 }, (_, index) => names.nameOf(addressOf(index)));
    expect(new Set(given).size).toBe(1000);
    for (const [index, name] of given.entries()) {
      expect(name).toMatch(/^2[45]\d\.\d+\.\d+\.\d+$/);
      expect(names.nameOf(addressOf(index))).toBe(name);
      expect(names.addressOf(name)).toBe(addressOf(index));
    }
    expect(names.addressOf('240.9.9.9')).toBeUndefined();
    expect(names.addressOf('10.0.0.1')).toBeUndefined();
  });

  it('forget hosts that are neither used nor kept, and give nobody their names', () => {
    const [kept, used, unused] = [1, 2, 3].map(addressOf) as [string, string, string];
    const keptNames: string[] = [];
    const names = new StandIns(() => keptNames);
    keptNames.push(names.nameOf(kept));
    const [usedName, unusedName] = [names.nameOf(used), names.nameOf(unused)];
    const others = new Set<string>();
    const count = 5 * STAND_INS_MAX;
    for (let index = 4; index < count; index += 1) {
      others.add(names.nameOf(addressOf(index)));
      if (index % (STAND_INS_MAX / 2) === 0) names.addressOf(usedName);
    }
    expect(names.size).toBeLessThanOrEqual(2 * STAND_INS_MAX);
    expect(names.addressOf(keptNames[0] ?? '')).toBe(kept);
    expect(names.addressOf(usedName)).toBe(used);
    expect(names.addressOf(unusedName)).toBeUndefined();
    expect(others.size).toBe(count - 4);
    for (const name of [...keptNames, usedName, unusedName]) expect(others).not.toContain(name);
  });

  it('go on when everything is kept', () => {
    const everything: string[] = [];
    const names = new StandIns(() => everything);
    for (let index = 0; index < 3 * STAND_INS_MAX; index += 1) everything.push(names.nameOf(addressOf(index)));
    expect(names.size).toBeLessThanOrEqual(2 * STAND_INS_MAX);
  });
});
