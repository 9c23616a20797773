import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DHT_STATE_NODES_MAX, encodeDhtState, parseDhtState } from './dht-state.ts';

const nodeId = new Uint8Array(randomBytes(20));
const nodes = (family: 'ipv4' | 'ipv6', count: number): { host: string; port: number }[] =>
  Array.from({ length: count }, (_, index) => ({
    host: family === 'ipv4' ? `10.0.0.${index % 256}` : `2a00::${index + 1}`,
    port: 7000 + index,
  }));

describe('parseDhtState()', () => {
  it.each([
    [0, 0],
    [3, 0],
    [0, 3],
    [150, 200],
  ])('reads back %d nodes of the IPv4 DHT and %d of the other', (count4, count6) => {
    const state = { nodeId, nodes: { ipv4: nodes('ipv4', count4), ipv6: nodes('ipv6', count6) } };
    const bytes = encodeDhtState(state);
    expect(bytes).toHaveLength(22 + 6 * count4 + 18 * count6);
    expect(parseDhtState(new Uint8Array(bytes))).toEqual(state);
  });

  it('keeps the first of many', () => {
    const many = { nodeId, nodes: { ipv4: nodes('ipv4', 300), ipv6: nodes('ipv6', 300) } };
    const read = parseDhtState(encodeDhtState(many));
    expect(read?.nodes.ipv4).toEqual(many.nodes.ipv4.slice(0, DHT_STATE_NODES_MAX));
    expect(read?.nodes.ipv6).toEqual(many.nodes.ipv6.slice(0, DHT_STATE_NODES_MAX));
  });

  it('makes something of any bytes that hold an id, and nothing of others', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
        const state = parseDhtState(bytes);
        expect(state === undefined).toBe(bytes.length < 22);
        for (const known of Object.values(state?.nodes ?? {}))
          expect(known.length).toBeLessThanOrEqual(DHT_STATE_NODES_MAX);
      }),
    );
  });
});
