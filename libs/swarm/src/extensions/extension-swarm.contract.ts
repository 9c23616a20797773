import { createInfo, type Metainfo, parseInfo, PieceGeometry } from '@swarmpatch/metainfo';
import {
  type Capabilities,
  encodeExtensionHandshake,
  type ExtensionHandshake,
  type WireMessage,
} from '@swarmpatch/peer-wire';

import type { SwarmCommand } from '../command.ts';
import type { PeerAddress } from '../peers/peer-address.ts';
import { BlockLayout } from '../pieces/block-layout.ts';
import type { SwarmOptions } from '../swarm-options.ts';
import { plainSwarm } from '../plain-swarm.contract.ts';
import type { Swarm } from '../swarm.ts';

export const PIECE = 16_384;
export const PIECES = 40;
export const OURS = { metadata: 1, pex: 2, dontHave: 3 };
/** Ids that peers in these tests give to extensions. */
export const THEIRS = new Map([
  ['ut_pex', 11],
  ['lt_donthave', 12],
]);

export function torrent(visibility: 'public' | 'private'): Metainfo {
  const v1Pieces = new Uint8Array(PIECES * 20);
  const options = { name: 'a', format: 'v1', pieceLengthBytes: PIECE, isSingleFile: true, v1Pieces } as const;
  const files = [{ path: 'a', lengthBytes: PIECES * PIECE }];
  return parseInfo(createInfo(files, { ...options, isPrivate: visibility === 'private' }).infoBytes);
}

export function newSwarm(options: Partial<SwarmOptions> = {}): Swarm {
  return plainSwarm({
    layout: new BlockLayout(
      new PieceGeometry([{ lengthBytes: PIECES * PIECE, offsetBytes: 0 }], PIECE, PIECES * PIECE),
    ),
    metainfo: torrent('public'),
    self: { client: 'test', listenPort: 6881 },
    ...options,
  });
}

export const ALL = new Uint8Array(PIECES / 8).fill(0xff);
export const FULL: Capabilities = { extensions: true, fast: true, v2: false };
let ids = 0;

export function meet(
  swarm: Swarm,
  where: { host?: string; address?: PeerAddress; capabilities?: Capabilities } = {},
  handshake: Partial<ExtensionHandshake> = {},
): number {
  const { host = where.address?.host ?? `10.0.0.${ids + 1}`, address, capabilities = FULL } = where;
  ids += 1;
  const peerId = ids.toString(16).padStart(40, '0');
  const direction = address ? 'outgoing' : 'incoming';
  const peer = swarm.peerConnected({ peerId, capabilities, direction, host, address }, 0);
  if (typeof peer === 'string') throw new Error(peer);
  say(swarm, peer, 0, encodeExtensionHandshake({ messages: THEIRS, ...handshake }));
  return peer;
}

export function say(swarm: Swarm, peer: number, extensionId: number, payload: Uint8Array, nowMs = 0): void {
  swarm.messageReceived(peer, { kind: 'extended', extensionId, payload }, nowMs);
}

export function sent(commands: readonly SwarmCommand[], peer: number): WireMessage[] {
  return commands.flatMap((command) => (command.kind === 'send' && command.peer === peer ? [command.message] : []));
}

export function extended(commands: readonly SwarmCommand[], peer: number, extensionId: number): Uint8Array[] {
  return sent(commands, peer).flatMap((message) =>
    message.kind === 'extended' && message.extensionId === extensionId ? [message.payload] : [],
  );
}

export function disconnects(commands: readonly SwarmCommand[]): SwarmCommand[] {
  return commands.filter(({ kind }) => kind === 'disconnect');
}

export function dials(commands: readonly SwarmCommand[]): PeerAddress[] {
  return commands.flatMap((command) => (command.kind === 'dial' ? [command.address] : []));
}
