/** Two associations, for tests: what signalling would carry is passed by hand, and the network between them can be spoiled. */

import { expect } from 'vitest'
import type { SrtpKeying } from '../../../protocol/sdp/types.ts'
import { FakeClock } from '../../fake-clock.ts'
import { type DtlsAgreement, DtlsAssociation, type DtlsAssociationOptions } from './association.ts'
import type { DtlsEnd } from './failure.ts'
import { createIdentity, type DtlsIdentity } from './identity.ts'

export type Side = 'active' | 'passive'

export interface Joined {
  readonly association: DtlsAssociation
  readonly identity: DtlsIdentity
  /** By handshake. */
  readonly keys: SrtpKeying[]
  readonly ends: DtlsEnd[]
  /** How many datagrams it sent. */
  sent: number
}

export interface Pair extends Record<Side, Joined> {
  readonly clock: FakeClock
  /** The passive side first, so that it hears the first hello. */
  start(agreed?: Partial<Record<Side, Partial<DtlsAgreement>>>): void
  /** Lets packets travel, and time pass when nothing does, until the condition holds. */
  until(condition: () => boolean): Promise<void>
  /** Until both sides either have keys or have given up. */
  settled(): Promise<void>
}

/** Virtual time after which nothing more is to be hoped for. */
const mostMs = 60_000

export interface PairOptions {
  /** What arrives of a datagram; `index` counts per side. */
  readonly network?: (datagram: Buffer, from: Side, index: number) => readonly Buffer[]
  readonly active?: Partial<DtlsAssociationOptions>
  readonly passive?: Partial<DtlsAssociationOptions>
}

/** Of a handshake that loses nothing: hello, hello with cookie, last flight; cookie, first flight, Finished. */
export const datagramsPerSide = 3

export const otherSide = (side: Side): Side => (side === 'active' ? 'passive' : 'active')

/** The same keys, seen from the far end. */
export function mirrored({ profile, local, remote }: SrtpKeying): SrtpKeying {
  return { profile, local: remote, remote: local }
}

export async function makePair({ network = (datagram) => [datagram], ...options }: PairOptions = {}): Promise<Pair> {
  // Loaded before time begins to pass.
  await import('./werift-end.ts')
  const clock = new FakeClock()
  const make = async (side: Side): Promise<Joined> => {
    const identity = options[side]?.identity ?? (await createIdentity())
    const send = (datagram: Uint8Array) => {
      for (const arrived of network(Buffer.from(datagram), side, joined.sent++)) pair[otherSide(side)].association.receive(arrived)
    }
    const joined: Joined = {
      association: new DtlsAssociation({ send, clock, ...options[side], identity }),
      identity,
      keys: [],
      ends: [],
      sent: 0,
    }
    joined.association.onKeys = (keys) => joined.keys.push(keys)
    joined.association.onEnd = (end) => joined.ends.push(end)
    return joined
  }
  const pair: Pair = {
    active: await make('active'),
    passive: await make('passive'),
    clock,
    start(agreed = {}) {
      for (const side of ['passive', 'active'] as const) {
        const { fingerprint } = pair[otherSide(side)].identity
        pair[side].association.start({ setup: side, remoteFingerprints: [fingerprint], ...agreed[side] })
      }
    },
    async until(condition) {
      const deadline = clock.now() + mostMs
      while (!condition()) {
        if (clock.now() > deadline) throw new Error('it did not come to that')
        const before = pair.active.sent + pair.passive.sent
        for (let turn = 0; turn < 5 && !condition(); turn++) await new Promise((resolve) => setImmediate(resolve))
        if (before === pair.active.sent + pair.passive.sent && !condition()) clock.advance(100)
      }
    },
    settled() {
      return pair.until(() => !(['active', 'passive'] as const).some((side) => pair[side].association.state === 'connecting'))
    },
  }
  return pair
}

/** Both sides have them, of their last handshake of so many. */
export function expectSameKeys({ active, passive }: Pair, times = 1): void {
  expect(active.ends).toEqual([])
  expect(passive.ends).toEqual([])
  expect(active.keys).toHaveLength(times)
  expect(passive.keys.map(mirrored)).toEqual(active.keys)
  expect(active.association.keys).toEqual(active.keys.at(-1))
  expect(passive.association.keys).toEqual(passive.keys.at(-1))
}

/** Neither has any, nor does any timer go on. */
export function expectNoKeys({ active, passive, clock }: Pair): void {
  expect(active.keys).toEqual([])
  expect(passive.keys).toEqual([])
  expect([active.association.keys, passive.association.keys]).toEqual([undefined, undefined])
  expect(clock.pending).toBe(0)
}

/** A handshake from start to end. */
export async function run(options: PairOptions = {}): Promise<Pair> {
  const pair = await makePair(options)
  pair.start()
  await pair.settled()
  return pair
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
