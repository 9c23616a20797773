/** How a stream goes on after an encrypted handshake: RC4 all along, or plain. */
export type CryptoMethod = 'rc4' | 'plain';

/** How a connection begins: with the handshake of message stream encryption or with that of BEP 3. */
export type StreamOpening = 'encrypted' | 'plain';

/**
 * - `require`: RC4 or no connection.
 * - `prefer`: an encrypted handshake whenever the peer can; what follows it is plain unless the peer insists on RC4. Pieces are
 *   no secret and are verified, and RC4 costs more than all else that is done with a byte.
 * - `allow`: encrypted when the peer wants it.
 * - `refuse`: never encrypted.
 */
export type EncryptionPolicy = 'require' | 'prefer' | 'allow' | 'refuse';

/** What a policy means, for connections of either direction. */
export interface EncryptionRules {
  /** How to dial; the next is for when a peer hangs up on the one before. */
  readonly dialed: readonly [StreamOpening, ...StreamOpening[]];
  /** How accepted connections may begin. */
  readonly accepted: readonly StreamOpening[];
  /** Offered when dialing; selected from when accepting, the first that the peer offers. */
  readonly methods: readonly CryptoMethod[];
}

const RULES: Readonly<Record<EncryptionPolicy, EncryptionRules>> = {
  require: { dialed: ['encrypted'], accepted: ['encrypted'], methods: ['rc4'] },
  prefer: { dialed: ['encrypted', 'plain'], accepted: ['encrypted', 'plain'], methods: ['plain', 'rc4'] },
  allow: { dialed: ['plain', 'encrypted'], accepted: ['encrypted', 'plain'], methods: ['plain', 'rc4'] },
  refuse: { dialed: ['plain'], accepted: ['plain'], methods: [] },
};

export function encryptionRules(policy: EncryptionPolicy): EncryptionRules {
  return RULES[policy];
}
