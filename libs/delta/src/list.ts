/** Things in order, as many as there may be files: an array, or columns that make each thing when it is asked for. */
export interface List<T> extends Iterable<T> {
  readonly length: number;
  /** Undefined past the end. */
  at(index: number): T | undefined;
}

/** A list that keeps nothing but how its things are made. */
export function lazyList<T>(length: number, make: (index: number) => T): List<T> {
  return {
    length,
    at: (index) => (index < length ? make(index) : undefined),
    *[Symbol.iterator]() {
      for (let index = 0; index < length; index += 1) yield make(index);
    },
  };
}
