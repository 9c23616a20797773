import type { Capabilities } from '@swarmpatch/peer-wire';

import type { Bitfield } from '../pieces/bitfield.ts';
import { Host } from './host.ts';
import { MessageBudget } from './message-budget.ts';
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
  /** What its host says of where it is. */
  readonly place: Host;
  readonly connectedMs: number;

  readonly pieces: Bitfield;
  /** Of a seed, counted as one and not piece by piece. */
  countedAsSeed = false;
  /** Whether it said what it has: BEP 6 wants that first and once. */
  hasSaidPieces = false;
  /** It wants nothing: a seed, or a partial one (BEP 21). */
  isUploadOnly = false;
  /** Pieces that it serves us while it chokes us (BEP 6). */
  readonly allowedFast: Set<number> = new Set();
  /** Pieces that we serve it while we choke it, with the bytes of each that were asked for so. */
  readonly offeredFast: Map<number, number> = new Map();
  /** Pieces that it would rather send than others (BEP 6), newest last. */
  readonly suggested: Set<number> = new Set();
  readonly messageBudget: MessageBudget = new MessageBudget();
  /** Rejects of what was not asked for. */
  strayRejects = 0;
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
  /** Received in the last rounds of choking; older rounds count for less. */
  givenLatelyBytes = 0;
  /** Rounds of choking in which it was served and gave nothing that we wanted, since it last gave something. */
  vainRounds = 0;

  /** Blocks asked for and not here yet: by block key, when. */
  readonly asked: Map<number, number> = new Map();
  /** Blocks that were asked for and then not wanted any more: some may still come. */
  forfeitedBlocks = 0;
  readonly depth: RequestDepth = new RequestDepth();
  lastBlockMs: number;
  lastHeardMs: number;
  lastSpokenMs: number;
  isSnubbed = false;
  snubsInRow = 0;
  /** When it may be asked again after that. */
  retryAtMs = 0;
  /** Requests that it rejected although it serves us, since its last block. */
  rejectsInRow = 0;
  /** The piece it leads. */
  leads: number | undefined;
  /** Another's piece that it helps with. */
  helps: number | undefined;
  /** `PieceLedger.pickable` when it last had no absent piece to give. */
  hadNothingNewAt: number | undefined;
  /** Its pipeline may have room: it is looked at in the next turn. */
  isDue = false;
  /** With so few blocks under way it is asked for more. */
  refillAt = 0;
  /** Rate limits are not for it. */
  isExemptFromLimits = false;

  /** Ids that the peer gave to extensions. */
  extensionIds: ReadonlyMap<string, number> = new Map();

  /** Whether it would send this piece now. */
  offers(piece: number): boolean {
    return this.pieces.has(piece) && (!this.isChokingUs || this.allowedFast.has(piece));
  }

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
    this.place = new Host(options.host);
    this.address = options.address;
    this.pieces = options.pieces;
    this.connectedMs = options.nowMs;
    this.lastBlockMs = options.nowMs;
    this.lastHeardMs = options.nowMs;
    this.lastSpokenMs = options.nowMs;
  }
}
