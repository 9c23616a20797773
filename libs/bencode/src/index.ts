export { BencodeError } from './bencode-error.ts';
export type { BencodeErrorCode } from './bencode-error.ts';
export {
  BENCODE_BYTES_MAX,
  BENCODE_DEPTH_MAX,
  BENCODE_INTEGER_DIGITS_MAX,
  BENCODE_TOKENS_MAX,
  decode,
  decodePrefix,
} from './decode.ts';
export type { DecodeOptions } from './decode.ts';
export { Encoded, encode, textKey } from './encode.ts';
export type { Encodable } from './encode.ts';
export { demand, expectKind, find, findBytes, findInteger, findText } from './getters.ts';
export { BencodeDictionary, BencodeInteger, BencodeList, BencodeString, decodeText } from './node.ts';
export type { BencodeNode } from './node.ts';
