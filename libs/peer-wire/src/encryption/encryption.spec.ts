import { createHash, randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { encodeHandshake, ProtocolError } from '../index.ts';
import { EncryptionInitiator } from './encryption-initiator.ts';
import { type EncryptionPolicy, encryptionRules } from './encryption-policy.ts';
import { EncryptionResponder } from './encryption-responder.ts';
import { KeyExchange } from './key-exchange.ts';
import { Rc4 } from './rc4.ts';
import type { SettledStream } from './settled-stream.ts';
import { StreamKeys } from './stream-keys.ts';

const infohash = new Uint8Array(20).fill(7);
const initialPayload = encodeHandshake({
  infohash,
  peerId: new Uint8Array(20).fill(9),
  extensions: true,
  fast: true,
  v2: true,
});

/** Random bytes that a seed repeats. */
function seededBytes(seed: number): (lengthBytes: number) => Uint8Array {
  let turn = 0;
  return (lengthBytes) => {
    const bytes = new Uint8Array(lengthBytes);
    for (let at = 0; at < lengthBytes; at += 20) {
      const block = createHash('sha1')
        .update(`${seed} ${(turn += 1)}`)
        .digest();
      bytes.set(block.subarray(0, lengthBytes - at), at);
    }
    return bytes;
  };
}

function keysOf(...infohashes: Uint8Array[]): StreamKeys {
  const keys = new StreamKeys();
  for (const each of infohashes) keys.add(each);
  return keys;
}

interface Ends {
  readonly dialed: SettledStream;
  readonly accepted: SettledStream;
}

interface Meeting {
  readonly dialing?: EncryptionPolicy;
  readonly accepting?: EncryptionPolicy;
  readonly keys?: StreamKeys;
  readonly seed?: number;
  /** Lengths into which either stream is cut, over and over. */
  readonly cuts?: readonly number[];
  /** What the dialing side says right behind its handshake, where it need not wait. */
  readonly behind?: Uint8Array;
}

/** Carries bytes between the two sides until both are settled. */
function meet({
  dialing = 'prefer',
  accepting = 'prefer',
  keys = keysOf(infohash),
  seed = 1,
  cuts = [1 << 20],
  behind = new Uint8Array(0),
}: Meeting): Ends {
  const initiator = new EncryptionInitiator({
    infohash,
    methods: encryptionRules(dialing).methods,
    initialPayload,
    randomBytes: seededBytes(seed),
  });
  const responder = new EncryptionResponder({
    rules: encryptionRules(accepting),
    keys,
    randomBytes: seededBytes(seed + 1),
  });
  let dialed: SettledStream | undefined;
  let accepted: SettledStream | undefined;
  let toResponder = initiator.start();
  for (let turn = 0; !dialed || !accepted; turn += 1) {
    if (turn > 3) throw new Error(`seed ${seed}: the handshake came to a halt`);
    const toInitiator: Uint8Array[] = [];
    for (const chunk of cut(toResponder, cuts)) {
      if (accepted) break;
      const step = responder.receive(chunk);
      toInitiator.push(...step.send);
      accepted = step.settled;
    }
    const outgoing: Uint8Array[] = [];
    const back = Buffer.concat([...toInitiator, ...(accepted ? [sent(accepted, behind)] : [])]);
    const received: Uint8Array[] = [];
    for (const chunk of cut(back, cuts)) {
      if (dialed) {
        dialed.cipher?.decrypt(chunk);
        received.push(chunk);
        continue;
      }
      const step = initiator.receive(chunk);
      outgoing.push(...step.send);
      dialed = step.settled;
    }
    if (dialed) dialed = { ...dialed, received: Buffer.concat([dialed.received, ...received]) };
    toResponder = Buffer.concat(outgoing);
  }
  return { dialed, accepted };
}

function sent(stream: SettledStream, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  stream.cipher?.encrypt(copy);
  return copy;
}

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    chunks.push(bytes.slice(at, at + length));
    at += length;
  }
  return chunks;
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('Rc4', () => {
  it('gives the key stream of RFC 6229 from its 1024th byte on', () => {
    const stream = new Uint8Array(16);
    new Rc4(Uint8Array.of(1, 2, 3, 4, 5)).apply(stream, stream);
    expect(Buffer.from(stream).toString('hex')).toBe('30abbcc7c20b01609f23ee2d5f6bb7df');
  });

  it('does not depend on how the stream is cut, nor on the target', () => {
    const source = seededBytes(3)(5000);
    const whole = new Uint8Array(5000);
    new Rc4(infohash).apply(source, whole);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 5 }), (lengths) => {
        const rc4 = new Rc4(infohash);
        const chunks = cut(source, [...lengths, 1]);
        for (const chunk of chunks) rc4.apply(chunk, chunk);
        expect(Buffer.concat(chunks).equals(whole)).toBe(true);
      }),
    );
  });
});

describe('KeyExchange', () => {
  it('gives both sides the same secret', () => {
    const [a, b] = [new KeyExchange(seededBytes(1)), new KeyExchange(seededBytes(2))];
    expect(a.publicKey).toHaveLength(96);
    expect(a.secret(b.publicKey)).toEqual(b.secret(a.publicKey));
  });

  it.each([
    ['0', '00'.repeat(96)],
    ['1', `${'00'.repeat(95)}01`],
    [
      'the prime less 1',
      'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090562',
    ],
    ['more than the prime', 'ff'.repeat(96)],
  ])('refuses %s as a public key', (_, key) => {
    expect(errorOf(() => new KeyExchange(seededBytes(1)).secret(Buffer.from(key, 'hex')))).toMatchObject({
      code: 'bad_encryption',
    });
  });
});

describe('an encrypted handshake', () => {
  it('settles both sides however the streams are cut and padded, and loses no byte behind it', () => {
    const behind = seededBytes(8)(3000);
    const cuts = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.nat(), cuts, fc.constantFrom('require', 'prefer', 'allow'), (seed, lengths, accepting) => {
        const { dialed, accepted } = meet({ seed, cuts: lengths, accepting, behind });
        expect(dialed.method).toBe(accepting === 'require' ? 'rc4' : 'plain');
        expect(accepted).toMatchObject({ method: dialed.method, infohash });
        expect(Buffer.from(accepted.received)).toEqual(Buffer.from(initialPayload));
        expect(Buffer.from(dialed.received).equals(behind)).toBe(true);
        const said = sent(dialed, behind);
        expect(Buffer.from(said).equals(behind)).toBe(dialed.method === 'plain');
        accepted.cipher?.decrypt(said);
        expect(Buffer.from(said).equals(behind)).toBe(true);
      }),
      { numRuns: 60 },
    );
    expect(meet({ cuts: [1] }).accepted.received).toHaveLength(initialPayload.length);
  });

  it('finds the torrent among many, by either infohash of a hybrid', () => {
    const others = Array.from({ length: 200 }, (_, i) => seededBytes(i)(20));
    expect(meet({ keys: keysOf(...others, infohash) }).accepted.infohash).toEqual(infohash);
    const keys = keysOf(...others, infohash);
    keys.delete(infohash);
    expect(errorOf(() => meet({ keys }))).toMatchObject({ code: 'unknown_torrent' });
  });

  it.each<[EncryptionPolicy, EncryptionPolicy, string]>([
    ['require', 'require', 'rc4'],
    ['require', 'prefer', 'rc4'],
    ['require', 'allow', 'rc4'],
    ['prefer', 'require', 'rc4'],
    ['prefer', 'allow', 'plain'],
    ['prefer', 'prefer', 'plain'],
    ['allow', 'prefer', 'plain'],
    ['allow', 'allow', 'plain'],
  ])('that is dialed with %s and accepted with %s goes on as %s', (dialing, accepting, method) => {
    const { dialed, accepted } = meet({ dialing, accepting });
    expect([dialed.method, accepted.method]).toEqual([method, method]);
    expect(dialed.cipher === undefined).toBe(method === 'plain');
  });

  it('is refused where encryption is, and when no method suits both', () => {
    expect(errorOf(() => meet({ accepting: 'refuse' }))).toMatchObject({ code: 'encryption_refused' });
    const responder = new EncryptionResponder({
      rules: { ...encryptionRules('require'), methods: ['plain'] },
      keys: keysOf(infohash),
      randomBytes,
    });
    const initiator = new EncryptionInitiator({ infohash, methods: ['rc4'], initialPayload, randomBytes });
    const { send } = responder.receive(initiator.start());
    const offer = send.flatMap((bytes) => initiator.receive(bytes).send);
    expect(errorOf(() => offer.map((bytes) => responder.receive(bytes)))).toMatchObject({ code: 'encryption_refused' });
  });
});

describe('EncryptionResponder', () => {
  const plainResponder = (policy: EncryptionPolicy): EncryptionResponder =>
    new EncryptionResponder({ rules: encryptionRules(policy), keys: keysOf(infohash), randomBytes });

  it.each<EncryptionPolicy>(['prefer', 'allow', 'refuse'])('takes a plain handshake with %s', (policy) => {
    const responder = plainResponder(policy);
    expect(responder.receive(initialPayload.subarray(0, 19)).settled).toBeUndefined();
    expect(responder.receive(initialPayload.subarray(19))).toMatchObject({
      send: [],
      settled: { method: 'plain', cipher: undefined, infohash: undefined, received: initialPayload },
    });
  });

  it('refuses a plain handshake when encryption is required', () => {
    expect(errorOf(() => plainResponder('require').receive(initialPayload))).toMatchObject({
      code: 'encryption_refused',
    });
  });

  it('gives up once a pad is longer than pads may be', () => {
    const responder = plainResponder('prefer');
    responder.receive(new KeyExchange(randomBytes).publicKey);
    responder.receive(new Uint8Array(531));
    expect(errorOf(() => responder.receive(new Uint8Array(1)))).toMatchObject({ code: 'bad_encryption' });
  });

  it('gives a step or a ProtocolError for arbitrary bytes and for handshakes with changed bytes', () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 4 });
    fc.assert(
      fc.property(chunks, fc.boolean(), (garbage, withKey) => {
        const responder = plainResponder('prefer');
        const stream = withKey ? [new KeyExchange(seededBytes(4)).publicKey, ...garbage] : garbage;
        const error = errorOf(() => stream.find((chunk) => responder.receive(chunk).settled !== undefined));
        if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
      }),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.nat(), (at, value, seed) => {
        const initiator = new EncryptionInitiator({
          infohash,
          methods: ['rc4', 'plain'],
          initialPayload,
          randomBytes: seededBytes(seed),
        });
        const responder = plainResponder('prefer');
        const { send } = responder.receive(initiator.start());
        const offer = Buffer.concat(send.flatMap((bytes) => initiator.receive(bytes).send));
        offer[at % offer.length] = value;
        const error = errorOf(() => responder.receive(offer));
        if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
      }),
      { numRuns: 60 },
    );
  });
});

describe('EncryptionInitiator', () => {
  const initiator = (): EncryptionInitiator =>
    new EncryptionInitiator({ infohash, methods: ['rc4'], initialPayload, randomBytes: seededBytes(5) });

  it('gives a step or a ProtocolError for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 4 }), (garbage) => {
        const dialing = initiator();
        const error = errorOf(() => garbage.find((chunk) => dialing.receive(chunk).settled !== undefined));
        if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
      }),
      { numRuns: 60 },
    );
  });

  it('gives up once a pad is longer than pads may be', () => {
    const dialing = initiator();
    dialing.receive(new KeyExchange(randomBytes).publicKey);
    expect(errorOf(() => dialing.receive(new Uint8Array(520)))).toMatchObject({ code: 'bad_encryption' });
  });

  it('names a peer that begins plainly, whatever it was asked', () => {
    const dialing = initiator();
    expect(dialing.receive(initialPayload.subarray(0, 19)).settled).toBeUndefined();
    expect(errorOf(() => dialing.receive(initialPayload.subarray(19)))).toMatchObject({ code: 'encryption_refused' });
  });

  it('opens with a key and a pad of at most 512 bytes', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const opened = new EncryptionInitiator({
        infohash,
        methods: ['rc4'],
        initialPayload,
        randomBytes: seededBytes(seed),
      });
      expect(opened.start().length).toBeLessThanOrEqual(96 + 512);
      expect(opened.start().length).toBeGreaterThanOrEqual(96);
    }
  });
});
