/** Keeps what was loaded last, up to a total weight; whoever asks while something is loading waits for the same load. */
export class WeightedCache<Value> {
  readonly #weightMax: number;
  readonly #weigh: (value: Value) => number;
  readonly #entries = new Map<string, { value: Promise<Value>; weight: number }>();
  #weight = 0;

  constructor(weightMax: number, weigh: (value: Value) => number) {
    this.#weightMax = weightMax;
    this.#weigh = weigh;
  }

  get(key: string, load: () => Promise<Value>): Promise<Value> {
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value;
    }
    const entry = { value: load(), weight: 0 };
    this.#entries.set(key, entry);
    entry.value.then(
      (value) => {
        entry.weight = this.#weigh(value);
        this.#weight += entry.weight;
        this.#trim(key);
      },
      () => this.#entries.delete(key),
    );
    return entry.value;
  }

  #trim(newest: string): void {
    for (const [key, { weight }] of this.#entries) {
      if (this.#weight <= this.#weightMax) return;
      // What still loads weighs nothing yet and stays; so does the newest, however heavy.
      if (key === newest || weight === 0) continue;
      this.#entries.delete(key);
      this.#weight -= weight;
    }
  }
}
