/** What is there at once, or later: very many promises of what is there already would take most of the time. */
export type MaybePromise<T> = T | Promise<T>;

export function whenThere<T, U>(value: MaybePromise<T>, act: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(act) : act(value);
}

/** Does one after the other, and waits only for those that take time. */
export function inTurn<T>(items: Iterator<T>, act: (item: T) => MaybePromise<void>): MaybePromise<void> {
  for (let next = items.next(); next.done !== true; next = items.next()) {
    const acting = act(next.value);
    if (acting) return acting.then(() => inTurn(items, act));
  }
}
