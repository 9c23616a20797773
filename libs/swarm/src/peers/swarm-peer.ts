import type { Capabilities } from '@swarmpatch/peer-wire';

import type { Bitfield } from '../pieces/bitfield.ts';
import type { PeerAddress } from './peer-address.ts';
import { RateMeter } from '../rates/rate-meter.ts';
import { RequestDepth } from '../pieces/request-depth.ts';

/** One connection of this swarm, from its handshake on. */
export class SwarmPeer {
  /** Unique in the swarm, from 1 on, never used again. */
  readonly number: number;
  readonly peerId: string;
  readonly capabilities: Capabilities;
  readonly direction: 'incoming' | 'outgoing';
  /** Where it can be dialled; of an incoming peer known only once it says so. */
  address: PeerAddress | undefined;
  readonly host: string;
  readonly connectedMs: number;

  readonly pieces: Bitfield;
  /** Of a seed, counted as one and not piece by piece. */
  countedAsSeed = false;
  /** Its pieces that are wanted here and not written. */
  usefulPieces = 0;

  isChokingUs = true;
  isInterestedInUs = false;
  areWeChoking = true;
  areWeInterested = false;
  unchokedMs = 0;

  readonly received: RateMeter = new RateMeter();
  readonly sent: RateMeter = new RateMeter();
  receivedLastRoundBytes = 0;
  sentLastRoundBytes = 0;

  /** Blocks asked for and not here yet: by block key, when. */
  readonly asked: Map<number, number> = new Map();
  /** Blocks that were asked for and then not wanted any more: some may still come. */
  forfeitedBlocks = 0;
  readonly depth: RequestDepth = new RequestDepth();
  lastBlockMs: number;
  lastHeardMs: number;
  lastSpokenMs: number;
  isSnubbed = false;
  /** The piece it leads. */
  leads: number | undefined;

  /** Ids that the peer gave to extensions. */
  extensionIds: ReadonlyMap<string, number> = new Map();

  constructor(options: {
    number: number;
    peerId: string;
    capabilities: Capabilities;
    direction: 'incoming' | 'outgoing';
    host: string;
    address?: PeerAddress | undefined;
    pieces: Bitfield;
    nowMs: number;
  }) {
    this.number = options.number;
    this.peerId = options.peerId;
    this.capabilities = options.capabilities;
    this.direction = options.direction;
    this.host = options.host;
    this.address = options.address;
    this.pieces = options.pieces;
    this.connectedMs = options.nowMs;
    this.lastBlockMs = options.nowMs;
    this.lastHeardMs = options.nowMs;
    this.lastSpokenMs = options.nowMs;
  }
}
