/** Answers kept for as long as they hold, a bounded number of them; equal questions asked together are asked once. */

import type { DnsAnswer } from './dns-client.ts'

const longestSeconds = 3_600

export class DnsCache {
  readonly #entries = new Map<string, { answer: Promise<DnsAnswer>; expiresMs: number }>()
  readonly #size: number
  readonly #now: () => number

  /** `now` in milliseconds. */
  constructor(size: number, now: () => number) {
    this.#size = size
    this.#now = now
  }

  async get(key: string, ask: () => Promise<DnsAnswer>): Promise<DnsAnswer> {
    const known = this.#entries.get(key)
    if (known !== undefined && known.expiresMs > this.#now()) return known.answer
    this.#entries.delete(key)
    const entry = { answer: ask(), expiresMs: Number.POSITIVE_INFINITY }
    this.#entries.set(key, entry)
    // A Map keeps insertion order: the first is the oldest.
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#size) break
      this.#entries.delete(oldest)
    }
    try {
      const answer = await entry.answer
      entry.expiresMs = this.#now() + Math.min(answer.ttlSeconds, longestSeconds) * 1_000
      return answer
    } catch (error) {
      // A failure is not an answer: the next question is asked again.
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
      throw error
    }
  }
}
