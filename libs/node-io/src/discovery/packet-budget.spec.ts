import { describe, expect, it } from 'vitest';
import {
  DISCOVERY_PACKETS_PER_ADDRESS_SECOND_MAX,
  DISCOVERY_PACKETS_PER_SECOND_MAX,
  networkOf,
  PacketBudget,
} from './packet-budget.ts';

describe('PacketBudget', () => {
  it('has so much for one sender, so much for all, and as much again a second later', () => {
    const budget = new PacketBudget();
    const taken = (address: string, nowMs: number): number =>
      Array.from({ length: 300 }, () => budget.take(address, nowMs)).filter(Boolean).length;
    expect(taken('9.9.9.9', 5000)).toBe(DISCOVERY_PACKETS_PER_ADDRESS_SECOND_MAX);
    const others = Array.from({ length: 20 }, (_, index) => taken(`9.9.8.${index}`, 5500));
    const all = others.reduce((sum, count) => sum + count, DISCOVERY_PACKETS_PER_ADDRESS_SECOND_MAX);
    expect(all).toBe(DISCOVERY_PACKETS_PER_SECOND_MAX);
    expect(taken('9.9.9.9', 6500)).toBe(DISCOVERY_PACKETS_PER_ADDRESS_SECOND_MAX);
  });
});

describe('networkOf()', () => {
  it('is one for all addresses that an IPv6 machine may give itself', () => {
    expect(networkOf('2a00:1:2:3::5')).toBe(networkOf('2a00:1:2:3:ffff::9'));
    expect(networkOf('2a00:1:2:3::5')).not.toBe(networkOf('2a00:1:2:4::5'));
    expect(networkOf('9.9.9.9')).not.toBe(networkOf('9.9.9.8'));
  });
});
