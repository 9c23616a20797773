import { describe, expect, it } from 'vitest';
import { reachOf } from './reach.ts';

describe('reachOf()', () => {
  const inside = new URL('http://192.168.1.1/');
  const named = new URL('http://origin.example/stream');
  const elsewhere = new URL('http://elsewhere.example/stream');

  it('keeps a web seed of a torrent to public addresses, its own name included', () => {
    const reach = reachOf({ kind: 'bep19', url: named.href });
    expect([inside, named, elsewhere].map(reach)).toEqual(['public', 'public', 'public']);
  });

  it('lets the host that the user named be anywhere, and nowhere that it leads to', () => {
    const reach = reachOf({ kind: 'stream', url: named.href, namedBy: 'user' });
    expect([inside, named, elsewhere].map(reach)).toEqual(['public', 'any', 'public']);
  });

  it('lets a web seed that is inside by its own URL lead to others inside', () => {
    for (const url of ['http://127.0.0.1:80/', 'http://10.0.0.1/', 'http://localhost/', 'http://[::1]/'])
      expect([inside, elsewhere].map(reachOf({ kind: 'bep19', url }))).toEqual(['any', 'any']);
  });
});
