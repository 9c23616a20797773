import { BencodeError } from './bencode-error.ts';
import type { BencodeDictionary, BencodeNode } from './node.ts';

type Kind = BencodeNode['kind'];
type NodeOf<K extends Kind> = Extract<BencodeNode, { kind: K }>;

/** The node, when it is of that kind. @throws {BencodeError} `bencode_wrong_kind` */
export function expectKind<K extends Kind>(node: BencodeNode, kind: K, what: string): NodeOf<K> {
  if (node.kind !== kind) {
    throw new BencodeError(
      'bencode_wrong_kind',
      `read ${what}: found ${withArticle(node.kind)}, ${withArticle(kind)} is wanted`,
      node.start,
    );
  }
  return node as NodeOf<K>;
}

/** @throws {BencodeError} `bencode_wrong_kind` when the value is there and of another kind */
export function find<K extends Kind>(dictionary: BencodeDictionary, key: string, kind: K): NodeOf<K> | undefined {
  const node = dictionary.get(key);
  return node && expectKind(node, kind, `"${key}"`);
}

/** @throws {BencodeError} `bencode_missing_key`, `bencode_wrong_kind` */
export function demand<K extends Kind>(dictionary: BencodeDictionary, key: string, kind: K): NodeOf<K> {
  const node = find(dictionary, key, kind);
  if (!node)
    throw new BencodeError('bencode_missing_key', `read a dictionary: key "${key}" is missing`, dictionary.start);
  return node;
}

/** @throws {BencodeError} `bencode_wrong_kind`, `bencode_bad_integer` when it is not a safe integer */
export function findInteger(dictionary: BencodeDictionary, key: string): number | undefined {
  const node = find(dictionary, key, 'integer');
  if (!node) return undefined;
  const value = node.number;
  if (value === undefined) {
    throw new BencodeError(
      'bencode_bad_integer',
      `read "${key}": found ${node.value}, a safe integer is wanted`,
      node.start,
    );
  }
  return value;
}

/** @throws {BencodeError} `bencode_wrong_kind` */
export function findBytes(dictionary: BencodeDictionary, key: string): Uint8Array | undefined {
  return find(dictionary, key, 'string')?.bytes;
}

/** @throws {BencodeError} `bencode_wrong_kind`, `bencode_bad_string` when it is not UTF-8 */
export function findText(dictionary: BencodeDictionary, key: string): string | undefined {
  const node = find(dictionary, key, 'string');
  if (!node) return undefined;
  const { text } = node;
  if (text === undefined)
    throw new BencodeError('bencode_bad_string', `read "${key}": found bytes that are not UTF-8`, node.start);
  return text;
}

function withArticle(kind: Kind): string {
  return kind === 'integer' ? 'an integer' : `a ${kind}`;
}
