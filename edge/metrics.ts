/**
 * What the edge counts, in Prometheus' words. The edge adds to plain numbers as it
 * works; they become metrics only when somebody asks.
 */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { Tally } from './tally.ts'

/** Figures that are read, not counted, when metrics are asked for. */
export interface Readings {
  readonly activeCalls: number
  readonly bindings: number
  readonly trunks: number
  readonly numbers: number
  readonly subscribers: number
  /** Lateness of the media clock, 99th percentile; undefined before it ran. */
  readonly pacerLatenessMs: number | undefined
}

export class Metrics {
  /** Calls started, by direction. */
  readonly calls = new Tally()
  /** Calls over, by who ended them. */
  readonly ended = new Tally()
  /** INVITEs refused, by reason. */
  readonly refused = new Tally()
  /** REGISTERs, by outcome. */
  readonly registers = new Tally()
  /** Digits received, by method. */
  readonly digits = new Tally()
  /** Event streams dropped because their reader was too slow, and API requests refused for their token. */
  readonly api = new Tally()
  readonly #registry = new Registry()

  constructor(read: () => Readings) {
    const tally = (name: string, help: string, label: string, counts: Tally): void => {
      const registers = [this.#registry]
      new Counter({
        name: `trunkproof_edge_${name}`,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset()
          for (const [value, count] of counts.entries()) this.inc({ [label]: value }, count)
        },
      })
    }
    const gauge = (name: string, help: string, value: (readings: Readings) => number | undefined): void => {
      const registers = [this.#registry]
      new Gauge({
        name: `trunkproof_edge_${name}`,
        help,
        registers,
        collect() {
          const now = value(read())
          if (now !== undefined) this.set(now)
        },
      })
    }
    tally('calls_total', 'Calls started.', 'direction', this.calls)
    tally('calls_ended_total', 'Calls over, by who ended them.', 'by', this.ended)
    tally('invites_refused_total', 'INVITEs refused, by reason.', 'reason', this.refused)
    tally('registers_total', 'REGISTER requests, by outcome.', 'outcome', this.registers)
    tally('digits_total', 'Digits received, by method.', 'method', this.digits)
    tally('api_total', 'API happenings worth a look.', 'what', this.api)
    gauge('calls_active', 'Calls in progress.', (readings) => readings.activeCalls)
    gauge('bindings', 'Registered contacts.', (readings) => readings.bindings)
    gauge('trunks', 'Trunks known.', (readings) => readings.trunks)
    gauge('numbers', 'Numbers imported.', (readings) => readings.numbers)
    gauge('event_streams', 'Open event streams.', (readings) => readings.subscribers)
    gauge('pacer_lateness_p99_ms', 'Lateness of the media clock, 99th percentile.', (readings) => readings.pacerLatenessMs)
  }

  /** Adds the process's own figures (CPU, memory, event loop); once a process. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
