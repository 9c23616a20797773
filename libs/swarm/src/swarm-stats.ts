import type { RateMeter } from './rates/rate-meter.ts';
import type { SwarmStats } from './swarm-options.ts';
import type { SwarmParts } from './swarm-parts.ts';

/** Payload of peers and bodies of HTTP, of use or not. */
export function receivedBytes({ requests, webSeeding }: SwarmParts): number {
  return requests.meter.totalBytes + webSeeding.seeds.rawBytes;
}

/** @param sent Payload to peers. */
export function statsOf(parts: SwarmParts, sent: RateMeter, nowMs: number): SwarmStats {
  const { finish, ledger, webSeeding } = parts;
  const { fromPeersBytes, fromWebSeedsBytes } = finish;
  return {
    fromPeersBytes,
    fromWebSeedsBytes,
    webSeedRawBytes: webSeeding.seeds.rawBytes,
    wastedBytes: Math.max(0, receivedBytes(parts) - fromPeersBytes - fromWebSeedsBytes),
    fromDiskBytes: finish.fromDiskBytes,
    uploadedBytes: sent.totalBytes,
    badPieces: finish.badPieces,
    protocolErrors: parts.connections.protocolErrors,
    peers: parts.peers.size,
    piecesHave: ledger.have.count,
    piecesWantedLeft: ledger.wantedLeft,
    wantedLeftBytes: ledger.wantedLeftBytes,
    peersBytesPerSecond: parts.requests.meter.bytesPerSecond(nowMs),
    webSeedsBytesPerSecond: webSeeding.seeds.bytesPerSecond(nowMs),
    uploadBytesPerSecond: sent.bytesPerSecond(nowMs),
  };
}
