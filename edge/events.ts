/**
 * What happens on the edge, as it happens, for whoever listens. Nothing is kept: a
 * listener that cannot keep up is dropped, so that no reader slows a call down.
 */

export const eventTypes = [
  'call.started',
  'call.ringing',
  'call.answered',
  'call.confirmed',
  'call.tone',
  'call.digit',
  'call.ended',
  'registration.changed',
] as const

export type EdgeEventType = (typeof eventTypes)[number]

/** One event as a line of a server-sent event stream, with the number it is about (none for registrations of several). */
export interface EdgeEvent {
  readonly sequence: number
  readonly type: EdgeEventType
  readonly data: Readonly<Record<string, unknown>>
}

interface Subscriber {
  readonly numbers: ReadonlySet<string> | undefined
  readonly deliver: (event: EdgeEvent) => void
}

export class EventHub {
  readonly #subscribers = new Set<Subscriber>()
  #sequence = 0
  #closers = new Set<() => void>()

  get subscribers(): number {
    return this.#subscribers.size
  }

  /**
   * Tells everybody whom it concerns: subscribers of one of `numbers`, and those of all.
   * `data` is only asked for when somebody listens.
   */
  publish(type: EdgeEventType, numbers: Iterable<string>, data: () => Record<string, unknown>): void {
    this.#sequence += 1
    if (this.#subscribers.size === 0) return
    let event: EdgeEvent | undefined
    const concerned = [...numbers]
    for (const subscriber of this.#subscribers) {
      const { numbers: wanted } = subscriber
      if (wanted !== undefined && !concerned.some((number) => wanted.has(number))) continue
      event ??= { sequence: this.#sequence, type, data: data() }
      subscriber.deliver(event)
    }
  }

  /** `onClose` is called when the hub closes, not when the subscription is given back. */
  subscribe(numbers: readonly string[], deliver: (event: EdgeEvent) => void, onClose: () => void): { cancel(): void } {
    const subscriber: Subscriber = { numbers: numbers.length > 0 ? new Set(numbers) : undefined, deliver }
    this.#subscribers.add(subscriber)
    this.#closers.add(onClose)
    return {
      cancel: () => {
        this.#subscribers.delete(subscriber)
        this.#closers.delete(onClose)
      },
    }
  }

  close(): void {
    const closers = [...this.#closers]
    this.#subscribers.clear()
    this.#closers.clear()
    for (const close of closers) close()
  }
}
