import type { Target } from './target.ts'

/** How long a place that failed without saying for how long is tried last. */
const defaultAvoidMs = 30_000
/** Longest wait a peer can ask for with Retry-After. */
const longestAvoidMs = 600_000
/** Places remembered; the oldest is forgotten first. */
const remembered = 1024

/**
 * Which places failed lately (RFC 3263 4.3: silence, a transport error, 503), so that
 * the next request does not wait for them again. They are tried last, not never: when
 * all places are bad, one of them has to do.
 */
export class TargetHealth {
  readonly #avoidUntil = new Map<string, number>()

  failed(target: Target, nowMs: number, retryAfterSeconds?: number): void {
    const ms = retryAfterSeconds === undefined ? defaultAvoidMs : Math.min(retryAfterSeconds * 1000, longestAvoidMs)
    const key = keyOf(target)
    this.#avoidUntil.delete(key)
    this.#avoidUntil.set(key, nowMs + ms)
    const [oldest] = this.#avoidUntil.keys()
    if (this.#avoidUntil.size > remembered && oldest !== undefined) this.#avoidUntil.delete(oldest)
  }

  worked(target: Target): void {
    this.#avoidUntil.delete(keyOf(target))
  }

  /** The same targets, those to avoid at the end; otherwise in the order given. */
  order(targets: readonly Target[], nowMs: number): readonly Target[] {
    if (this.#avoidUntil.size === 0 || targets.length < 2) return targets
    const bad = (target: Target) => (this.#avoidUntil.get(keyOf(target)) ?? 0) > nowMs
    return [...targets.filter((target) => !bad(target)), ...targets.filter(bad)]
  }
}

const keyOf = ({ transport, host, port }: Target): string => `${transport}|${host}|${port ?? ''}`
