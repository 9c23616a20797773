import type { Metainfo } from '@swarmpatch/metainfo';

import type { Outbox } from './command.ts';
import { DontHaveExtension } from './extensions/dont-have-extension.ts';
import { Extensions } from './extensions/extensions.ts';
import { FastPieces } from './extensions/fast-pieces.ts';
import { MetadataExtension } from './extensions/metadata-extension.ts';
import { PeerExchange } from './extensions/peer-exchange.ts';
import { HashExchange } from './hashes/hash-exchange.ts';
import { MessageRouter } from './message-router.ts';
import { Connections } from './peers/connections.ts';
import { DhtPorts } from './peers/dht-ports.ts';
import { PeerRegistry } from './peers/peer-registry.ts';
import { PeerSessions } from './peers/peer-sessions.ts';
import type { SwarmPeer } from './peers/swarm-peer.ts';
import { Bitfield } from './pieces/bitfield.ts';
import { DiskPieces } from './pieces/disk-pieces.ts';
import { HELD_BYTES_MAX, HeldPieces } from './pieces/held-pieces.ts';
import { Picker } from './pieces/picker.ts';
import { PieceFinish } from './pieces/piece-finish.ts';
import { PieceLedger } from './pieces/piece-ledger.ts';
import { Requests } from './pieces/requests.ts';
import type { SwarmOptions } from './swarm-options.ts';
import { UPLOAD_SLOTS_MAX } from './uploads/choker.ts';
import { SpreadWatch } from './uploads/spread-watch.ts';
import { SuperSeeding } from './uploads/super-seeding.ts';
import { Unchoking } from './uploads/unchoking.ts';
import { Uploads } from './uploads/uploads.ts';
import { WebSeeding } from './web/web-seeding.ts';

/** What a swarm is made of. Each part knows the ones that it needs. */
export interface SwarmParts {
  readonly registry: PeerRegistry;
  readonly peers: ReadonlyMap<number, SwarmPeer>;
  readonly ledger: PieceLedger;
  readonly held: HeldPieces;
  readonly sessions: PeerSessions;
  readonly extensions: Extensions;
  readonly connections: Connections;
  readonly requests: Requests;
  readonly finish: PieceFinish;
  readonly uploads: Uploads;
  readonly unchoking: Unchoking;
  readonly webSeeding: WebSeeding;
  readonly router: MessageRouter;
  readonly diskPieces: DiskPieces;
  readonly hashes: HashExchange;
  readonly superSeeding: SuperSeeding | undefined;
  readonly dontHave: DontHaveExtension;
  /** None for a private torrent (BEP 27). */
  readonly dhtPorts: DhtPorts | undefined;
}

/** The parts of one swarm, wired to each other. */
export function assembleParts(options: SwarmOptions, outbox: Outbox): SwarmParts {
  const { layout, slots, random, self, downloadLimit, uploadLimit, webSeedCount, metainfo } = options;
  const ledger = new PieceLedger({
    layout,
    have: new Bitfield(layout.pieceCount, options.have),
    wanted: options.wanted ? new Bitfield(layout.pieceCount, options.wanted) : Bitfield.full(layout.pieceCount),
    heldBytesMax: options.heldBytesMax ?? HELD_BYTES_MAX,
    random,
  });
  const registry = new PeerRegistry({
    ownId: options.peerId,
    pieceCount: layout.pieceCount,
    listenPort: self.listenPort,
    ownHosts: options.ownHosts,
  });
  const { peers } = registry;
  const superSeeding =
    options.superSeed === true && ledger.have.isFull ? new SuperSeeding({ ledger, peers, outbox, random }) : undefined;
  const held = new HeldPieces(ledger, slots);
  const sessions = new PeerSessions({ ledger, outbox });
  const dontHave = new DontHaveExtension({ sessions, requests: () => requests, outbox });
  const extensions = new Extensions({
    self,
    outbox,
    events: {
      onAddress: (peer, address, nowMs) => {
        connections.learnAddress(peer, address, nowMs);
      },
      onOwnHost: (peer, host) => {
        registry.learnOwnHost(peer, host);
      },
    },
    // Whoever hears of one piece at a time would leave an upload-only peer after that one.
    wantsNothing: () => superSeeding === undefined && ledger.wantedLeft === 0,
    extensions: [
      ...(self.infoBytes ? [new MetadataExtension(self.infoBytes, outbox)] : []),
      ...(metainfo?.private === true ? [] : [new PeerExchange({ peers, book: registry.book, outbox })]),
      dontHave,
    ],
  });
  const webSeeding = new WebSeeding({
    ledger,
    sessions,
    outbox,
    limit: downloadLimit,
    tiers: Array.from({ length: webSeedCount }, (_, index) => options.webSeedTiers?.[index] ?? 0),
    deadlineMs: options.deadlineMs,
    random,
  });
  const finish = new PieceFinish({ ledger, slots, outbox, webSeeds: webSeeding.seeds });
  const picker = new Picker({
    ledger,
    random,
    webReservation: (piece) => (ledger.isLeftToOthers(piece) ? 'held' : webSeeding.seeds.reservationOf(piece)),
    isOnParole: (piece) => finish.watch.isOnParole(piece),
    openPiece: (piece, nowMs) => {
      webSeeding.seeds.pieceTakenByPeer(piece);
      return held.open(piece, nowMs);
    },
    makeRoomFor: (piece, nowMs) => held.makeRoomFor(piece, nowMs),
  });
  const requests = new Requests({ ledger, slots, held, picker, outbox, limit: downloadLimit, peers });
  const spread = new SpreadWatch({ ledger, peers, seedCount: () => sessions.seedCount });
  const fast = new FastPieces({ ledger, sessions, outbox, infohash: metainfo && infohashOf(metainfo) });
  const uploads = new Uploads({ ledger, outbox, limit: uploadLimit, spread, fast, superSeeding });
  const unchoking = new Unchoking({
    random,
    outbox,
    uploads,
    peers,
    spread,
    // Whoever is told of a piece has to get it soon: nobody else will.
    slotsMin: superSeeding && UPLOAD_SLOTS_MAX,
  });
  const hashes = new HashExchange({
    metainfo,
    ledger,
    peers,
    outbox,
    uploadLimit,
    onLeaves: (piece, leafHashes, nowMs) => {
      for (const culprit of finish.leafHashesKnown(piece, leafHashes)) connections.ban(culprit, piece, nowMs);
    },
  });
  const diskPieces = new DiskPieces({
    ledger,
    slots,
    held,
    requests,
    finish,
    sessions,
    peers,
  });
  const dhtPorts = metainfo?.private === true ? undefined : new DhtPorts({ peers, outbox });
  const connections = new Connections({
    registry,
    ledger,
    sessions,
    extensions,
    requests,
    uploads,
    fast,
    hashes,
    outbox,
    superSeeding,
    dhtPorts,
  });
  const router = new MessageRouter({
    sessions,
    extensions,
    requests,
    finish,
    uploads,
    unchoking,
    spread,
    superSeeding,
    fast,
    hashes,
    dhtPorts,
  });
  return {
    registry,
    peers,
    ledger,
    held,
    sessions,
    extensions,
    connections,
    requests,
    finish,
    uploads,
    unchoking,
    webSeeding,
    router,
    diskPieces,
    hashes,
    superSeeding,
    dontHave,
    dhtPorts,
  };
}

/** As peers call the torrent: 20 bytes. */
function infohashOf({ infohashV1, infohashV2 }: Metainfo): Uint8Array | undefined {
  return infohashV1 ?? infohashV2?.subarray(0, 20);
}
