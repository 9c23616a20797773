/** The text of a bearer token: `sp_ID_SECRET`. The id is public and finds the row; of the secret only the SHA-256 is kept. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const ID_BYTES = 6;
const SECRET_BYTES = 32;
const TOKEN = /^sp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

export interface NewToken {
  id: string;
  sha256: string;
  /** Shown once, kept nowhere. */
  text: string;
}

export function createToken(): NewToken {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, sha256: hash('sha256', secret, 'hex'), text: `sp_${id}_${secret}` };
}

/** @returns Undefined when `text` has not the form of a token. */
export function parseToken(text: string): { id: string; sha256: string } | undefined {
  const match = TOKEN.exec(text);
  const [, id, secret] = match ?? [];
  return id === undefined || secret === undefined ? undefined : { id, sha256: hash('sha256', secret, 'hex') };
}

/** Compares two SHA-256 in hex in the same time wherever they differ. */
export function isSameHash(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
