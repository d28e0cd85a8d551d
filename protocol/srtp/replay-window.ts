/**
 * Which of the newest packets were received already (RFC 3711 section 3.3.2): a bit for each of
 * the 128 indices up to the highest; twice the 64 the RFC asks for at least.
 */

export const replayWindowSize = 128

export class ReplayWindow {
  /** The highest index received, -1 before the first. */
  highest = -1
  /** Bit `index % 128`. */
  readonly #bits = new Uint32Array(replayWindowSize / 32)

  /** `old` lies behind the window: it cannot be told whether it came before. Looks only. */
  check(index: number): 'new' | 'replayed' | 'old' {
    if (index > this.highest) return 'new'
    if (index <= this.highest - replayWindowSize) return 'old'
    return (this.#bits[(index >>> 5) & 3]! >>> (index & 31)) & 1 ? 'replayed' : 'new'
  }

  /** Takes note of an authentic packet whose `check` said `new`. */
  add(index: number): void {
    const ahead = index - this.highest
    if (ahead >= replayWindowSize || this.highest < 0) this.#bits.fill(0)
    else for (let skipped = this.highest + 1; skipped < index; skipped++) this.#bits[(skipped >>> 5) & 3]! &= ~(1 << (skipped & 31))
    this.#bits[(index >>> 5) & 3]! |= 1 << (index & 31)
    if (ahead > 0) this.highest = index
  }
}
