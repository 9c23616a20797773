import { Readable, pipeline } from 'node:stream';
import { brotliCompressSync, brotliDecompressSync, constants, createBrotliDecompress } from 'node:zlib';

import { MerkleHasher } from '@swarmpatch/merkle';

import { applyPatch } from '../apply/apply-patch.ts';
import type { ApplyOptions, FileResult } from '../apply/ports.ts';
import { createPatch } from '../create/create-patch.ts';
import { openPatch, type Patch } from '../format/open-patch.ts';
import { resolveTrees, type NewFile, type PatchTrees } from '../new-tree.ts';
import type { ByteSource, Compressor, Decompressor } from '../ports.ts';
import type { PatchFile, TreeFile } from '../tree.ts';

/** A tree in memory: bytes, or the text of a link. */
export type MemoryTree = Readonly<
  Record<string, Uint8Array | { readonly link: string } | { readonly run: Uint8Array }>
>;

export const compressor: Compressor = {
  async compress(bytes) {
    const compressed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
    return compressed.length < bytes.length
      ? { method: 'brotli', bytes: new Uint8Array(compressed) }
      : { method: 'stored', bytes };
  },
};

export const decompressor: Decompressor = {
  decompress(method, compressed) {
    if (method === 'stored') return compressed;
    return pipeline(Readable.from(compressed), createBrotliDecompress(), () => undefined);
  },
  async decompressShort(compressed, lengthBytes) {
    try {
      const bytes = brotliDecompressSync(compressed, { maxOutputLength: lengthBytes });
      return bytes.length === lengthBytes ? bytes : undefined;
    } catch {
      return undefined;
    }
  },
};

export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > bytes.length) throw new RangeError(`read ${length} at ${offset}`);
      return bytes.subarray(offset, offset + length);
    },
  };
}

export function rootOf(bytes: Uint8Array): Uint8Array {
  return new MerkleHasher().update(bytes).digest().piecesRoot;
}

export function filesOf(tree: MemoryTree): PatchFile[] {
  return Object.entries(tree).map(([path, content]): PatchFile => {
    if ('link' in content) {
      return { path, lengthBytes: 0, executable: false, symlink: content.link, source: sourceOf(new Uint8Array(0)) };
    }
    const bytes = 'run' in content ? content.run : content;
    return {
      path,
      lengthBytes: bytes.length,
      executable: 'run' in content,
      source: sourceOf(bytes),
      ...(bytes.length > 0 && { piecesRoot: rootOf(bytes) }),
    };
  });
}

export async function patchBetween(old: MemoryTree, fresh: MemoryTree, effort = 3): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await createPatch({
    ...{ old: filesOf(old), new: filesOf(fresh), effort, memoryBytesMax: 64 * 1024 * 1024, compressor },
    write: async (bytes) => {
      parts.push(bytes.slice());
    },
  });
  return new Uint8Array(Buffer.concat(parts));
}

export interface Applied {
  readonly patch: Patch;
  readonly trees: PatchTrees;
  readonly results: readonly FileResult[];
  /** What was written, of files that are done. */
  readonly written: ReadonlyMap<string, Uint8Array>;
}

/** Applies a patch in memory. `content` is what the old files have, should that differ from what is listed. */
export async function applyInMemory(
  bytes: Uint8Array,
  old: MemoryTree,
  options: ApplyOptions & {
    readonly content?: MemoryTree;
    readonly listed?: (files: PatchFile[]) => TreeFile[];
    readonly writtenBytesMax?: number;
  } = {},
): Promise<Applied> {
  const patch = await openPatch(sourceOf(bytes), decompressor);
  if (patch.writtenBytes > (options.writtenBytesMax ?? Infinity)) throw new RangeError('more than anyone wants');
  const content = new Map(filesOf(options.content ?? old).map((file) => [file.path, file.source]));
  const trees = resolveTrees(patch, (options.listed ?? ((files) => files))(filesOf(old)));
  const buffers = new Map<string, Uint8Array>();
  const bufferOf = (file: NewFile): Uint8Array => {
    const buffer = buffers.get(file.path) ?? new Uint8Array(file.lengthBytes);
    buffers.set(file.path, buffer);
    return buffer;
  };
  const ends = new Map<string, number>();
  const results: FileResult[] = [];
  const readOld = async (file: TreeFile, offset: number, target: Uint8Array): Promise<void> => {
    const source = content.get(file.path);
    if (!source) throw new Error('there is no such file');
    target.set(await source.read(offset, target.length));
  };
  await applyPatch(
    patch,
    trees,
    {
      readOld,
      readOldAhead: readOld,
      readNew: (file, offset, target) => {
        if (offset + target.length > (ends.get(file.path) ?? 0))
          throw new Error(`read what is not written of ${file.path}`);
        target.set(bufferOf(file).subarray(offset, offset + target.length));
      },
      write: (file, offset, part) => {
        if (offset !== (ends.get(file.path) ?? 0)) throw new Error(`write ${file.path} at ${offset}`);
        ends.set(file.path, offset + part.length);
        bufferOf(file).set(part, offset);
      },
      finish: (result) => {
        results.push(result);
      },
    },
    options,
  );
  const done = results.filter((result) => result.status === 'done');
  return { patch, trees, results, written: new Map(done.map(({ file }) => [file.path, bufferOf(file)])) };
}

/** The whole new tree: what was written, and what comes from the old one. */
export function treeOf({ trees, written }: Applied, old: MemoryTree): MemoryTree {
  return Object.fromEntries(
    Array.from(trees.files, (file): [string, MemoryTree[string]] => {
      if (file.symlink !== undefined) return [file.path, { link: file.symlink }];
      const bytes = contentOf(file);
      return [file.path, file.executable ? { run: bytes } : bytes];
    }),
  );

  function contentOf({ path, origin }: NewFile): Uint8Array {
    if (origin.kind === 'written') return written.get(path) ?? new Uint8Array(0);
    if (origin.kind === 'twin') return written.get(trees.written.at(origin.index)?.path ?? '') ?? new Uint8Array(0);
    const source = origin.kind === 'link' ? undefined : old[origin.old.path];
    if (source === undefined || 'link' in source) return new Uint8Array(0);
    return 'run' in source ? source.run : source;
  }
}

/** Bytes that do not repeat, the same for a seed. */
export function noise(length: number, seed: number): Uint8Array {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A tree in a form that is compared quickly. */
export function printed(tree: MemoryTree): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).map(([path, content]) => {
      if ('link' in content) return [path, `-> ${content.link}`];
      const isRun = 'run' in content;
      return [path, `${isRun ? '*' : ''}${Buffer.from(isRun ? content.run : content).toString('latin1')}`];
    }),
  );
}
