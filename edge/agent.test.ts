import { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeClock } from '../endpoint/fake-clock.ts'
import type { MediaOptions } from '../endpoint/media/types.ts'
import type { IncomingCall } from '../endpoint/user-agent-types.ts'
import { attendIncoming, attendOutgoing } from './agent.ts'
import { agentSchema } from './api/schemas.ts'
import { silentLog } from './log.ts'

/** A call and its media that write down what they are told. */
class ScriptedCall extends EventEmitter {
  readonly told: unknown[] = []
  state = 'setup'
  answerFails = false
  readonly media = {
    listen: (on: boolean) => this.told.push(['listen', on]),
    play: (pair: unknown, level: unknown) => this.told.push(['play', pair, level]),
    echo: (on: boolean) => this.told.push(['echo', on]),
    sendDigits: async (digits: string) => void this.told.push(['digits', digits]),
  }

  ring(): void {
    this.told.push('ring')
  }

  reject(status: number): void {
    this.told.push(['reject', status])
  }

  async answer(): Promise<void> {
    this.told.push('answer')
    if (this.answerFails) throw new Error('no port')
  }

  async hangup(): Promise<void> {
    this.told.push('hangup')
  }
}

let clock: FakeClock
let call: ScriptedCall
beforeEach(() => {
  clock = new FakeClock()
  call = new ScriptedCall()
})

const media: MediaOptions = { codecs: ['pcmu'], dtmf: 'rfc4733', host: '127.0.0.1' }
const attend = (script: object): void =>
  attendIncoming(call as unknown as IncomingCall, media, { script: agentSchema.parse(script), clock, log: silentLog })

describe('an incoming call', () => {
  test('is answered at once, and heard in silence', () => {
    attend({})
    call.emit('answered')
    expect(call.told).toEqual(['answer', ['listen', true]])
  })

  test('rings first when that is asked for', () => {
    attend({ answer_after_ms: 500, tone: [500, 900], level_dbm0: -20 })
    expect(call.told).toEqual(['ring'])
    clock.advance(500)
    call.emit('answered')
    expect(call.told).toEqual(['ring', 'answer', ['listen', true], ['play', [500, 900], -20]])
  })

  test('rings for ever', () => {
    attend({ answer: 'ring' })
    clock.advance(1_000_000)
    expect(call.told).toEqual(['ring'])
  })

  test('is refused with the status asked for', () => {
    attend({ answer: 'reject', status: 603 })
    expect(call.told).toEqual([['reject', 603]])
  })

  test('is refused when there is no media to be had', async () => {
    call.answerFails = true
    attend({})
    await new Promise(setImmediate)
    expect(call.told).toEqual(['answer', ['reject', 503]])
  })

  test('that the caller gave up is left alone', async () => {
    call.answerFails = true
    attend({})
    call.state = 'ended'
    await new Promise(setImmediate)
    expect(call.told).toEqual(['answer'])
  })

  test('whose caller gave up while it rang is not answered any more', () => {
    attend({ answer_after_ms: 500 })
    call.emit('ended', { by: 'remote' })
    clock.advance(1000)
    expect(call.told).toEqual(['ring'])
    expect(clock.pending).toBe(0)
  })
})

describe('once a call is up, the agent', () => {
  test('echoes instead of speaking, without listening where that is not wanted', () => {
    attend({ echo: true, tone: [500, 900], listen: false })
    call.emit('answered')
    expect(call.told).toEqual(['answer', ['listen', false], ['echo', true]])
  })

  test('sends digits and hangs up in its time, counted from the ACK', () => {
    attend({ digits: { send: '12#', after_ms: 200 }, hangup_after_ms: 1000 })
    call.emit('answered')
    clock.advance(5000)
    expect(call.told).toEqual(['answer', ['listen', true]])
    call.emit('confirmed')
    clock.advance(199)
    expect(call.told).toHaveLength(2)
    clock.advance(1)
    expect(call.told.at(-1)).toEqual(['digits', '12#'])
    clock.advance(800)
    expect(call.told.at(-1)).toBe('hangup')
  })

  test('leaves no timer behind when the call ends early', () => {
    attend({ digits: { send: '1', after_ms: 200 }, hangup_after_ms: 1000 })
    call.emit('answered')
    call.emit('confirmed')
    call.emit('ended', { by: 'remote' })
    expect(clock.pending).toBe(0)
  })

  test('does the same on a call of its own', () => {
    attendOutgoing(call as unknown as IncomingCall, {
      script: agentSchema.parse({ tone: [500, 900], digits: { send: '5' } }),
      clock,
      log: silentLog,
    })
    call.emit('answered')
    call.emit('confirmed')
    expect(call.told).toEqual([
      ['listen', true],
      ['play', [500, 900], undefined],
      ['digits', '5'],
    ])
  })
})
