import { describe, expect, it } from 'vitest';

import { Bans, BANS_MAX, HOST_LIARS_MAX, HOST_REFUSED_MS } from './bans.ts';

const peer = (id: number, host = '203.0.113.1') => ({ peerId: `id ${id}`, address: { host, port: id }, host });

describe('Bans', () => {
  it('keeps a liar away by id and by address, for good', () => {
    const bans = new Bans();
    bans.ban(peer(1), 0);
    expect(bans.refuses({ peerId: 'id 1', host: '198.51.100.1' }, 'incoming', 1e12)).toBe(true);
    expect(bans.refuses({ ...peer(1), peerId: 'another' }, 'outgoing', 1e12)).toBe(true);
    expect(bans.hasAddress(peer(1).address)).toBe(true);
    expect(bans.hasAddress(peer(2).address)).toBe(false);
  });

  it('lets nobody in from a liar’s host for a time, and still dials others there', () => {
    const bans = new Bans();
    bans.ban(peer(1), 0);
    expect(bans.refuses(peer(2), 'incoming', HOST_REFUSED_MS - 1)).toBe(true);
    expect(bans.refuses(peer(2), 'incoming', HOST_REFUSED_MS)).toBe(false);
    expect(bans.refuses(peer(2), 'outgoing', 0)).toBe(false);
  });

  it('gives a host up after several liars', () => {
    const bans = new Bans();
    for (let id = 1; id <= HOST_LIARS_MAX; id += 1) bans.ban(peer(id), 0);
    expect(bans.refuses(peer(9), 'outgoing', 1e12)).toBe(true);
    expect(bans.hasAddress(peer(9).address)).toBe(true);
  });

  it.each(['127.0.0.1', '::1'])('never refuses %s as a whole', (host) => {
    const bans = new Bans();
    for (let id = 1; id <= 10; id += 1) bans.ban(peer(id, host), 0);
    expect(bans.refuses(peer(11, host), 'incoming', 0)).toBe(false);
    expect(bans.refuses(peer(3, host), 'outgoing', 0)).toBe(true);
  });

  it('forgets the oldest when there are too many', () => {
    const bans = new Bans();
    for (let id = 0; id <= BANS_MAX; id += 1) bans.ban(peer(id, '127.0.0.1'), 0);
    expect(bans.refuses(peer(0, '127.0.0.1'), 'incoming', 0)).toBe(false);
    expect(bans.refuses(peer(1, '127.0.0.1'), 'incoming', 0)).toBe(true);
  });
});
