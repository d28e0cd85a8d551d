/**
 * CRLF keep-alive of one stream we opened, RFC 5626 sections 3.5.1 and 4.4.1: a ping
 * (CRLFCRLF) each interval less up to a fifth of it at random. A missing pong condemns
 * the stream only when the peer has answered pings before; many SIP servers never do.
 */

/** RFC 5626 section 4.4.1. */
const pongMs = 10_000

export class KeepAlive {
  readonly #options: { intervalMs: number; ping: () => void; dead: () => void }
  #timer: NodeJS.Timeout
  #answers = false
  #awaited = false

  constructor(options: { intervalMs: number; ping: () => void; dead: () => void }) {
    this.#options = options
    this.#timer = this.#schedule()
  }

  pong(): void {
    this.#answers = true
    this.#awaited = false
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => this.#ping(), this.#options.intervalMs * (0.8 + Math.random() * 0.2)).unref()
  }

  #ping(): void {
    this.#options.ping()
    if (!this.#answers) {
      this.#timer = this.#schedule()
      return
    }
    this.#awaited = true
    this.#timer = setTimeout(() => {
      if (this.#awaited) this.#options.dead()
      else this.#timer = this.#schedule()
    }, pongMs).unref()
  }
}
