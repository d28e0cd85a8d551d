/** The edge's events, sorted by number, so that each cell waits for its own. */
import { EventEmitter } from 'node:events'
import type { EdgeClient, EdgeEvent } from './edge-client.ts'

/** Events kept for one number: more than any call makes. */
const eventsKept = 500

export class EdgeDesk implements AsyncDisposable {
  readonly client: EdgeClient
  readonly #abort = new AbortController()
  readonly #logs = new Map<string, EventLog>()
  #reading: Promise<void> = Promise.resolve()

  /** Opens the event stream; nothing that happens after this is missed. */
  static async open(client: EdgeClient): Promise<EdgeDesk> {
    const desk = new EdgeDesk(client)
    const { ended } = await client.events((event) => desk.#take(event), desk.#abort.signal)
    desk.#reading = ended.catch((error: unknown) => {
      for (const log of desk.#logs.values()) log.fail(error)
    })
    return desk
  }

  private constructor(client: EdgeClient) {
    this.client = client
  }

  /** What happened to calls of a number from now on. Dispose of it when the cell is done. */
  watch(number: string): EventLog {
    const log = new EventLog(() => this.#logs.delete(number))
    this.#logs.set(number, log)
    return log
  }

  #take(event: EdgeEvent): void {
    const { number } = event.data
    if (typeof number === 'string') this.#logs.get(number)?.add(event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#reading
  }
}

export class EventLog implements Disposable {
  readonly events: EdgeEvent[] = []
  readonly #emitter = new EventEmitter()
  readonly #release: () => void
  #failure: unknown

  constructor(release: () => void) {
    this.#release = release
  }

  add(event: EdgeEvent): void {
    if (this.events.length < eventsKept) this.events.push(event)
    this.#emitter.emit('change')
  }

  fail(error: unknown): void {
    this.#failure = error
    this.#emitter.emit('change')
  }

  /** Waits until `find` finds something in the events; undefined when it did not within the time. Throws when the stream broke. */
  async until<T>(find: () => T | undefined, withinMs: number): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>()
    const look = (): void => {
      if (this.#failure !== undefined) reject(this.#failure)
      const found = find()
      if (found !== undefined) resolve(found)
    }
    this.#emitter.on('change', look)
    const timer = setTimeout(() => resolve(undefined), withinMs)
    try {
      look()
      return await promise
    } finally {
      clearTimeout(timer)
      this.#emitter.off('change', look)
    }
  }

  [Symbol.dispose](): void {
    this.#release()
  }
}
