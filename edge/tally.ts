/** Counts by label, cheap enough for the path of every call. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(label: string, by = 1): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + by)
  }

  get(label: string): number {
    return this.#counts.get(label) ?? 0
  }

  entries(): Iterable<[label: string, count: number]> {
    return this.#counts
  }
}
