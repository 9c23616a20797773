import { Buffer } from 'node:buffer';

import { DeltaError } from '../delta-error.ts';
import { OPERATIONS_MODULE } from './operations-module.ts';

/** What is used of WebAssembly, which neither the language's types nor Node's have. */
declare const WebAssembly: {
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** Memory of a fixed length. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A variable of `assembly/operations.ts`. */
export interface WasmVariable {
  value: number;
}

/** `assembly/operations.ts` over one memory; what its variables mean, and what `make` returns, is said there. */
export interface Operations extends Readonly<Record<VariableName, WasmVariable>> {
  make(batchEnd: number): number;
}

type VariableName =
  | 'at'
  | 'segmentEnd'
  | 'oldBytes'
  | 'source'
  | 'left'
  | 'sourceEnd'
  | 'lastAlignment'
  | 'earlierAlignment'
  | 'earliestAlignment'
  | 'recentFrom'
  | 'recentBytes'
  | 'pagedNewBegin'
  | 'kind'
  | 'made'
  | 'isWatched'
  | 'pageNumbersAt'
  | 'pagePlacesAt'
  | 'pageMask'
  | 'pagesUsedAt'
  | 'pagesBegin'
  | `${StreamName}At`
  | `${StreamName}End`;

export type StreamName = (typeof STREAM_NAMES)[number];

/** In the order of the format, and of what `make` returns for one that is dry: 1 for the first. */
export const STREAM_NAMES = ['codes', 'lengths', 'places', 'literals', 'differences'] as const;

export const MAKE_DONE = 0;
export const MAKE_NO_PAGE = 6;
export const MAKE_LONG_COPY = 7;
export const MAKE_PART = 8;
export const MAKE_BAD_LENGTH = 9;
export const MAKE_BAD_SOURCE = 10;

const WASM_PAGE_BYTES = 64 * 1024;
let compiled: object | undefined;

/** @returns Zeros, as many as are wanted or a few more. @throws {DeltaError} `no_memory` */
export function memoryOf(lengthBytes: number): WasmMemory {
  const pages = Math.ceil(lengthBytes / WASM_PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    // The addresses that it sets aside are many times its bytes.
    throw new DeltaError(
      'no_memory',
      `apply a patch: the system refuses ${lengthBytes} bytes of memory; free some, or raise the limit of addresses (ulimit -v)`,
      { cause },
    );
  }
}

export function operationsIn(memory: WasmMemory): Operations {
  compiled ??= new WebAssembly.Module(Buffer.from(OPERATIONS_MODULE, 'base64'));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as Operations;
}
