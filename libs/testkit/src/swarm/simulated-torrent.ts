import { PieceGeometry } from '@swarmpatch/metainfo';
import type { BlockSpan } from '@swarmpatch/peer-wire';
import { BlockLayout } from '@swarmpatch/swarm';

/**
 * A torrent of files that each start at a piece boundary, as in v2 and hybrid ones. Its bytes are not simulated: all that is
 * good is zeros, which everyone shares, and what is bad starts with something else. So 10,000 launchers hold no copy.
 */
export class SimulatedTorrent {
  readonly geometry: PieceGeometry;
  readonly layout: BlockLayout;
  readonly lengthBytes: number;
  readonly #good: ArrayBuffer;
  readonly #bad: ArrayBuffer;

  constructor(fileLengths: readonly number[], pieceLengthBytes: number) {
    let offsetBytes = 0;
    const files = fileLengths.map((lengthBytes) => {
      const file = { lengthBytes, offsetBytes };
      offsetBytes += Math.ceil(lengthBytes / pieceLengthBytes) * pieceLengthBytes;
      return file;
    });
    this.geometry = new PieceGeometry(files, pieceLengthBytes, offsetBytes);
    this.layout = new BlockLayout(this.geometry);
    this.lengthBytes = fileLengths.reduce((sum, lengthBytes) => sum + lengthBytes, 0);
    this.#good = new ArrayBuffer(pieceLengthBytes);
    this.#bad = new ArrayBuffer(pieceLengthBytes);
    new Uint8Array(this.#bad).fill(0xff);
  }

  block({ lengthBytes }: BlockSpan, kind: 'good' | 'bad'): Uint8Array {
    return new Uint8Array(kind === 'good' ? this.#good : this.#bad, 0, lengthBytes);
  }

  /** Pads included. */
  piece(piece: number, kind: 'good' | 'bad'): Uint8Array {
    return new Uint8Array(kind === 'good' ? this.#good : this.#bad, 0, this.layout.sizeBytes(piece));
  }
}

export function isGood(bytes: Uint8Array): boolean {
  return bytes[0] === 0;
}
