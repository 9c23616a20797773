/** Where a peer listens. `host` is an IPv4 or IPv6 address without brackets. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

export function addressKey({ host, port }: PeerAddress): string {
  return `${host} ${port}`;
}
