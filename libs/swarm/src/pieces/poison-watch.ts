import { Buffer } from 'node:buffer';

import { NOBODY } from './open-piece.ts';

/** Failed pieces whose blocks are remembered until a good copy names the liar. */
export const POISON_RECORDS_MAX = 256;

const LEAF_HASH_BYTES = 32;

interface FailedPiece {
  readonly senders: Uint32Array;
  readonly fingerprints: readonly string[];
}

/**
 * Finds out who sends bad blocks. A bad piece from one peer has its author. One from several is fetched again from one peer
 * alone; the good copy then shows whose blocks were different. Works for v1, too, whose hashes cover whole pieces only.
 */
export class PoisonWatch {
  readonly #failed = new Map<number, FailedPiece[]>();

  /** Whether the piece is to be fetched from one peer alone. */
  isOnParole(piece: number): boolean {
    return this.#failed.has(piece);
  }

  /** A piece from peers did not match its hash. Returns the culprit when there is just one author. */
  failed(piece: number, senders: Uint32Array, fingerprints: () => readonly string[]): number | undefined {
    const first = senders[0] ?? NOBODY;
    if (senders.every((sender) => sender === first)) return first;
    const attempts = this.#failed.get(piece) ?? [];
    attempts.push({ senders, fingerprints: fingerprints() });
    this.#failed.delete(piece);
    this.#failed.set(piece, attempts.slice(-4));
    if (this.#failed.size > POISON_RECORDS_MAX) {
      for (const oldest of this.#failed.keys()) {
        this.#failed.delete(oldest);
        break;
      }
    }
    return undefined;
  }

  /** @param leafHashes SHA-256 of each block (BEP 52), proven: returns those who sent something else. */
  leafHashesKnown(piece: number, leafHashes: Uint8Array): ReadonlySet<number> {
    return this.passed(piece, () =>
      Array.from({ length: leafHashes.length / LEAF_HASH_BYTES }, (_, block) =>
        Buffer.from(leafHashes.subarray(block * LEAF_HASH_BYTES, (block + 1) * LEAF_HASH_BYTES)).toString('latin1'),
      ),
    );
  }

  /** A good copy of the piece is there: returns those who sent something else before. */
  passed(piece: number, fingerprints: () => readonly string[]): ReadonlySet<number> {
    const culprits = new Set<number>();
    const attempts = this.#failed.get(piece);
    if (!attempts) return culprits;
    const good = fingerprints();
    for (const attempt of attempts) {
      for (const [block, fingerprint] of attempt.fingerprints.entries()) {
        if (fingerprint !== good[block]) culprits.add(attempt.senders[block] ?? NOBODY);
      }
    }
    this.#failed.delete(piece);
    culprits.delete(NOBODY);
    return culprits;
  }
}
