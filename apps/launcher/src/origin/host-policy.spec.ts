import { describe, expect, it } from 'vitest';
import { HostPolicy } from './host-policy.ts';

describe('HostPolicy', () => {
  const policy = new HostPolicy('https://play.example.org:8443', ['https://mirror.example.net/content/']);

  it('allows content from the origin and the hosts that the signed manifest names', () => {
    expect(policy.allowsContent(new URL('https://play.example.org/streams/g/1.0.0'))).toBe(true);
    expect(policy.allowsContent(new URL('http://mirror.example.net/x'))).toBe(true);
  });

  it('refuses every other host and scheme', () => {
    for (const url of [
      'http://127.0.0.1/x',
      'http://169.254.169.254/',
      'https://example.org/',
      'file:///etc/passwd',
      'ftp://play.example.org/',
    ]) {
      expect(policy.allowsContent(new URL(url))).toBe(false);
    }
  });

  it('allows trackers over HTTP and UDP on the same hosts alone', () => {
    expect(policy.allowsTracker('udp://play.example.org:6969/announce')).toBe(true);
    expect(policy.allowsTracker('https://play.example.org/announce')).toBe(true);
    expect(policy.allowsTracker('udp://10.0.0.1:80/announce')).toBe(false);
    expect(policy.allowsTracker('wss://play.example.org/')).toBe(false);
    expect(policy.allowsTracker('no url')).toBe(false);
  });
});
