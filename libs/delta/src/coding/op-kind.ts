/** As they are stored; `fromNew` copies reach back by a distance, the others name a place in old. */
export const OP_LITERAL = 0;
export const OP_COPY_OLD = 1;
export const OP_COPY_NEW = 2;
export const OP_ADD_OLD = 3;
export const OP_ADD_NEW = 4;

export function kindCode(kind: 'copy' | 'add' | 'literal', side: 'old' | 'new'): number {
  if (kind === 'literal') return OP_LITERAL;
  if (kind === 'copy') return side === 'old' ? OP_COPY_OLD : OP_COPY_NEW;
  return side === 'old' ? OP_ADD_OLD : OP_ADD_NEW;
}
