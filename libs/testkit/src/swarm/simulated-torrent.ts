import { PieceGeometry } from '@swarmpatch/metainfo';
import { BlockLayout } from '@swarmpatch/swarm';

import { randomBytes, seededRandom } from '../builds/seeded-random.ts';

/** A torrent of files that each start at a piece boundary, as in v2 and hybrid ones, and the bytes of its pieces. */
export class SimulatedTorrent {
  readonly geometry: PieceGeometry;
  readonly layout: BlockLayout;
  readonly pieces: readonly Uint8Array[];
  readonly lengthBytes: number;

  constructor(fileLengths: readonly number[], pieceLengthBytes: number, seed: number) {
    const random = seededRandom(seed);
    let offsetBytes = 0;
    const files = fileLengths.map((lengthBytes) => {
      const file = { lengthBytes, offsetBytes };
      offsetBytes += Math.ceil(lengthBytes / pieceLengthBytes) * pieceLengthBytes;
      return file;
    });
    this.geometry = new PieceGeometry(files, pieceLengthBytes, offsetBytes);
    this.layout = new BlockLayout(this.geometry);
    this.lengthBytes = fileLengths.reduce((sum, lengthBytes) => sum + lengthBytes, 0);
    this.pieces = Array.from({ length: this.geometry.pieceCount }, (_, piece) => {
      const data = new Uint8Array(this.layout.sizeBytes(piece));
      data.set(randomBytes(random, this.layout.filledBytes(piece)));
      return data;
    });
  }
}
