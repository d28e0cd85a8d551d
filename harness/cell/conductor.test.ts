import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Axes } from '../../matrix/axes.ts'
import type { Step } from '../../scenarios/steps.ts'
import { UnableError } from '../errors.ts'
import { CallFailed } from '../peers/peer.ts'
import { everyCell, planItem, proofScenario } from '../plan-fixture.ts'
import { Conductor, hangsUpFirst, type Performance } from './conductor.ts'
import { edgeRefuses, identity, never, ScriptedCall, step } from './scripted-peer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Play {
  readonly axes?: Partial<Axes>
  readonly signal?: AbortSignal
}

/** Carries steps out to their end, however long they wait. */
async function play(
  script: ScriptedCall,
  steps: readonly Step[],
  { axes = {}, signal = new AbortController().signal }: Play = {},
): Promise<Performance> {
  const item = planItem(axes)
  const conductor = new Conductor({
    item: { ...item, scenario: { ...item.scenario, steps } },
    identity,
    session: script.session,
    desk: script.desk,
    log: script.log,
    signal,
  })
  const performed = conductor.perform()
  performed.catch(() => {})
  await vi.runAllTimersAsync()
  return performed
}

const call = step({ call: { as: 'trunk', to: 'known' } })
const outcome = ({ steps }: Performance) =>
  steps.map(({ name, verdict, detail }) => (detail === undefined ? `${name}: ${verdict}` : `${name}: ${verdict}: ${detail}`))

describe('the proof call', () => {
  const { steps } = proofScenario()

  test.each(['inbound', 'outbound'] as const)('%s goes through, and says what the judge has to know', async (direction) => {
    const script = new ScriptedCall()
    const performed = await play(script, steps, { axes: { direction } })
    const hangup = hangsUpFirst(planItem({ direction }).cell.id)
    expect(performed).toMatchObject({ told: { peer: '1234*#', edge: '59*0' }, hangup, edgeCall: 'call-1', refusal: undefined })
    expect(performed.steps.map(({ verdict }) => verdict)).toEqual(steps.map(() => 'done'))
    expect(script.told).toEqual([
      ...(direction === 'inbound'
        ? ['peer: call']
        : [expect.stringMatching(/^edge: call \+999\d+ as \+99910000000 with \d+\+\d+$/), 'peer: answer']),
      'peer: listen 3000',
      'peer: send 1234*#',
      'edge: send 59*0 on call-1',
      hangup === 'peer' ? 'peer: hang up' : 'edge: hang up call-1',
    ])
  })

  test('registers first where the cell registers', async () => {
    const script = new ScriptedCall()
    await play(script, [call], { axes: { registration: 'register' } })
    expect(script.told).toEqual(['peer: register', 'peer: call'])
  })

  test('registers once only', async () => {
    const script = new ScriptedCall()
    await play(script, [step({ register: { password: 'right' } }), call], { axes: { registration: 'register' } })
    expect(script.told).toEqual(['peer: register', 'peer: call'])
  })

  test('ends where registering fails', async () => {
    const script = new ScriptedCall({ session: { register: async () => ({ status: 403, registered: false }) } })
    const performed = await play(script, steps, { axes: { registration: 'register' } })
    expect(outcome(performed)).toEqual([`${steps[0]!.id}: failed: REGISTER was answered 403`])
    expect(performed).toMatchObject({ edgeCall: undefined, hangup: undefined, told: { peer: '', edge: '' } })
  })
})

describe('a call that fails', () => {
  test('is noted with its status, and nothing follows it', async () => {
    const script = new ScriptedCall({
      session: {
        call: async () => {
          throw new CallFailed(488, '488 Not Acceptable Here')
        },
      },
    })
    const performed = await play(script, [call, step({ hangup: { by: 'peer' } })])
    expect(outcome(performed)).toEqual(['call: failed: 488 Not Acceptable Here'])
    expect(performed).toMatchObject({ hangup: undefined, edgeCall: undefined, refusal: undefined })
  })

  test('outbound ends with what the edge tells of it', async () => {
    const script: ScriptedCall = new ScriptedCall({
      session: {
        waitForCall: () => {
          script.event('call.ended', { ended: { by: 'remote', status: 486, reason: 'Busy Here' } })
          return never()
        },
      },
    })
    const performed = await play(script, [call], { axes: { direction: 'outbound' } })
    expect(outcome(performed)).toEqual(['call: failed: Busy Here'])
    expect(performed.edgeCall).toBe('call-1')
  })

  test('outbound ends when nothing comes of it', async () => {
    const script = new ScriptedCall({ session: { waitForCall: () => never() } })
    expect(outcome(await play(script, [call], { axes: { direction: 'outbound' } }))).toEqual(['call: failed: no call came within its time'])
  })

  test('outbound ends when the edge refuses to call', async () => {
    const script = new ScriptedCall({ client: { call: edgeRefuses } })
    const performed = await play(script, [call, step({ hear: { who: 'both', within_ms: 1 } })], { axes: { direction: 'outbound' } })
    expect(outcome(performed)).toEqual(['call: failed: the edge: the call is over'])
  })

  test('is up all the same when only the edge’s word is missing', async () => {
    const script: ScriptedCall = new ScriptedCall({ session: { call: async () => script.event('call.started') } })
    const performed = await play(script, [call, step({ wait_ms: 10 })])
    expect(outcome(performed)).toEqual(['call: failed: the edge never saw the call confirmed', 'wait_ms: done'])
    expect(performed.edgeCall).toBe('call-1')
  })

  test('outbound keeps the id the edge gave it, though no event came', async () => {
    const script = new ScriptedCall({ session: { waitForCall: async () => {} } })
    expect((await play(script, [call], { axes: { direction: 'outbound' } })).edgeCall).toBe('call-1')
  })
})

describe('a call that is meant to be refused', () => {
  const stranger = step({ call: { as: 'stranger', to: 'known' } })

  test('is a success when it is, with its status', async () => {
    const script = new ScriptedCall({
      session: {
        call: async () => {
          throw new CallFailed(403, 'Forbidden')
        },
      },
    })
    const performed = await play(script, [stranger, step({ expect_status: [403, 404] }), step({ expect_status: [486] })])
    expect(outcome(performed)).toEqual([
      'call: done',
      'expect_status: done',
      'expect_status: failed: the last request was answered 403, expected 486',
    ])
    expect(performed.refusal).toBe(403)
  })

  test('says 200 when it is let in', async () => {
    expect((await play(new ScriptedCall(), [stranger])).refusal).toBe(200)
  })

  test('to a number of nobody’s does not call that of the cell', async () => {
    const script = new ScriptedCall()
    await play(script, [step({ call: { as: 'trunk', to: 'unknown' } })])
    expect(script.told).toEqual([expect.stringMatching(/^peer: call \+999\d+$/)])
    expect(script.told[0]).not.toContain(identity.number)
  })
})

describe('hear', () => {
  const hear = (who: string) => step({ hear: { who, within_ms: 3000 } })

  test.each([
    ['both', ['peer', 'edge']],
    ['peer', ['peer']],
    ['edge', ['edge']],
  ] as const)('%s: says who heard nothing', async (who, deaf) => {
    const script: ScriptedCall = new ScriptedCall({
      session: { heard: async () => false, call: async () => script.event('call.confirmed') },
    })
    const performed = await play(script, [call, hear(who), step({ wait_ms: 1 })])
    expect(outcome(performed)).toEqual([
      'call: done',
      `hear: failed: the ${deaf.join(' and the ')} heard nothing within 3000 ms`,
      'wait_ms: done',
    ])
  })

  test('waits for a tone that comes late', async () => {
    const script: ScriptedCall = new ScriptedCall({ session: { call: async () => script.event('call.confirmed') } })
    setTimeout(() => script.event('call.tone', { pair: [420, 1280] }), 2_999)
    expect(outcome(await play(script, [call, hear('edge')]))).toEqual(['call: done', 'hear: done'])
  })

  test('a tone of the call before is none of this one', async () => {
    let calls = 0
    const script: ScriptedCall = new ScriptedCall({
      session: {
        call: async () => {
          calls += 1
          if (calls === 1) script.established()
          else script.event('call.confirmed', { id: 'call-2' })
        },
      },
    })
    const performed = await play(script, [call, step({ hangup: { by: 'peer' } }), call, hear('edge')])
    expect(outcome(performed).at(-1)).toBe('hear: failed: the edge heard nothing within 3000 ms')
    expect(performed.edgeCall).toBe('call-2')
  })
})

describe('digits', () => {
  test('of the edge that the peer did not understand are told', async () => {
    const told: string[] = []
    const understood = async (digits: number, withinMs: number) => told.push(`${digits} within ${withinMs}`) > 1
    const digits = (send: string) => step({ digits: { from: 'edge', send } })
    const performed = await play(new ScriptedCall({ session: { understood } }), [call, digits('12'), digits('3')])
    expect(outcome(performed)).toEqual(['call: done', 'digits: failed: the peer did not understand all 2 digits', 'digits: done'])
    expect(told).toEqual(['2 within 1500', '3 within 1500'])
  })

  test('of several steps add up, side by side', async () => {
    const script = new ScriptedCall()
    const steps = [call, ...(['peer', 'edge', 'peer'] as const).map((from, index) => step({ digits: { from, send: `${index}#` } }))]
    expect((await play(script, steps)).told).toEqual({ peer: '0#2#', edge: '1#' })
  })

  test('that the edge does not report are missed, and the call goes on', async () => {
    const script: ScriptedCall = new ScriptedCall({ session: { sendDigits: async () => script.event('call.digit', { digit: '1' }) } })
    const performed = await play(script, [call, step({ digits: { from: 'peer', send: '123' } }), step({ wait_ms: 1 })])
    expect(outcome(performed)).toEqual(['call: done', 'digits: failed: the edge reported 1 of 3 digits', 'wait_ms: done'])
    expect(performed.told.peer).toBe('123')
  })

  test('of an edge without a call cannot be sent', async () => {
    const performed = await play(new ScriptedCall(), [step({ digits: { from: 'edge', send: '1' } }), step({ wait_ms: 1 })])
    expect(outcome(performed)).toEqual(['digits: failed: the edge has no call'])
  })

  test('that the edge refuses to send (409) end the steps', async () => {
    const script = new ScriptedCall({ client: { sendDigits: edgeRefuses } })
    const performed = await play(script, [call, step({ digits: { from: 'edge', send: '1' } }), step({ hangup: { by: 'edge' } })])
    expect(outcome(performed)).toEqual(['call: done', 'digits: failed: the edge: the call is over'])
    expect(performed.hangup).toBeUndefined()
  })
})

describe('hangup', () => {
  test.each([
    ['edge', 'inbound', 'edge'],
    ['peer', 'inbound', 'peer'],
    ['caller', 'inbound', 'peer'],
    ['callee', 'inbound', 'edge'],
    ['caller', 'outbound', 'edge'],
    ['callee', 'outbound', 'peer'],
  ] as const)('by the %s of an %s call is by the %s', async (by, direction, side) => {
    const script = new ScriptedCall()
    expect((await play(script, [call, step({ hangup: { by } })], { axes: { direction } })).hangup).toBe(side)
    expect(script.told.at(-1)).toBe(side === 'peer' ? 'peer: hang up' : 'edge: hang up call-1')
  })

  test('says where the call is still up', async () => {
    const script = new ScriptedCall({ session: { hangup: async () => {}, waitForEnd: async () => false } })
    const performed = await play(script, [call, step({ hangup: { by: 'peer' } })])
    expect(outcome(performed).at(-1)).toBe('hangup: failed: the call is still up at the peer and the edge')
    expect(performed.hangup).toBe('peer')
  })

  test('alternate falls on either side in about half of the cells of every platform', () => {
    for (const cells of Map.groupBy(everyCell, ({ platform }) => platform).values()) {
      const byEdge = cells.filter(({ id }) => hangsUpFirst(id) === 'edge').length
      expect(byEdge / cells.length).toBeGreaterThan(0.4)
      expect(byEdge / cells.length).toBeLessThan(0.6)
    }
  })
})

describe('other steps', () => {
  test('register with a wrong password keeps the status and goes on', async () => {
    const script = new ScriptedCall()
    const performed = await play(script, [step({ register: { password: 'wrong' } }), step({ expect_status: [403] })], {
      axes: { registration: 'register' },
    })
    expect(outcome(performed)).toEqual(['register: done', 'expect_status: done'])
    expect(performed.wrongPassword).toBe(403)
    expect(script.told).toEqual(['peer: register with not-right-password'])
  })

  test('options pings the edge', async () => {
    expect(outcome(await play(new ScriptedCall(), [step({ options: { from: 'peer' } }), step({ expect_status: [200] })]))).toEqual([
      'options: done',
      'expect_status: done',
    ])
    const mute = new ScriptedCall({ session: { ping: async () => 0 } })
    expect(outcome(await play(mute, [step({ options: { from: 'peer' } })]))).toEqual(['options: failed: OPTIONS was not answered'])
    expect(outcome(await play(new ScriptedCall(), [step({ options: { from: 'edge' } }), call]))).toEqual([
      'options: failed: this side cannot be told to send OPTIONS',
    ])
  })

  test('raw sends bytes as they stand, text with CRLF line ends', async () => {
    const script = new ScriptedCall()
    const steps = [
      step({ raw: { from: 'peer', text: 'A\nB\r\n\n' } }),
      step({ raw: { from: 'peer', bytes: '00 ff\n0d0A' } }),
      step({ expect_status: [400] }),
    ]
    expect((await play(script, steps)).steps.map(({ verdict }) => verdict)).toEqual(['done', 'done', 'done'])
    expect(script.told).toEqual(['peer: raw "A\\r\\nB\\r\\n\\r\\n"', 'peer: raw "\\u0000ÿ\\r\\n"'])
  })

  test('a peer without the means says so', async () => {
    const { ping: _, sendRaw: __, ...session } = new ScriptedCall().session
    const script = Object.assign(new ScriptedCall(), { session })
    expect(outcome(await play(script, [step({ raw: { from: 'peer', text: 'x' } })]))).toEqual([
      'raw: failed: this peer cannot send raw bytes',
    ])
    expect(outcome(await play(script, [step({ options: { from: 'peer' } })]))).toEqual([
      'options: failed: this side cannot be told to send OPTIONS',
    ])
  })

  test('expect_status without a request says so', async () => {
    expect(outcome(await play(new ScriptedCall(), [step({ expect_status: [200] })]))).toEqual([
      'expect_status: failed: the last request was answered by nobody, expected 200',
    ])
  })
})

describe('steps that run together', () => {
  test('start together, end apart, and are told in the order of the scenario', async () => {
    const order: string[] = []
    const script = new ScriptedCall({
      session: {
        sendDigits: async () => {
          order.push('peer begins')
          await new Promise((resolve) => setTimeout(resolve, 50))
          order.push('peer ends')
        },
      },
      client: {
        sendDigits: async () => {
          order.push('edge')
        },
      },
    })
    const steps = [
      call,
      step({ digits: { from: 'peer', send: '1' } }, 'a'),
      step({ digits: { from: 'edge', send: '2' }, together: true }, 'b'),
      step({ wait_ms: 1 }),
    ]
    const performed = await play(script, steps)
    expect(order).toEqual(['peer begins', 'edge', 'peer ends'])
    expect(performed.steps.map(({ name }) => name)).toEqual(['call', 'a', 'b', 'wait_ms'])
  })

  test('finish even when one of them ends the scenario', async () => {
    const script = new ScriptedCall({ client: { sendDigits: edgeRefuses } })
    const steps = [
      call,
      step({ digits: { from: 'edge', send: '2' } }, 'a'),
      step({ digits: { from: 'peer', send: '1' }, together: true }, 'b'),
      step({ wait_ms: 1 }),
    ]
    expect(outcome(await play(script, steps))).toEqual(['call: done', 'a: failed: the edge: the call is over', 'b: done'])
  })
})

describe('the end of the time', () => {
  test('cuts off the step under way and those after it', async () => {
    const deadline = new AbortController()
    setTimeout(() => deadline.abort(), 500)
    const script = new ScriptedCall({ session: { call: () => never() } })
    const performed = await play(script, [call, step({ hangup: { by: 'peer' } })], { signal: deadline.signal })
    expect(outcome(performed)).toEqual(['call: failed: the time of this scenario is up'])
    expect(performed.hangup).toBeUndefined()
  })

  test('that came before the first step lets none be done', async () => {
    const script = new ScriptedCall({ session: { call: () => never() } })
    expect(outcome(await play(script, [call, step({ wait_ms: 1 })], { signal: AbortSignal.abort() }))).toEqual([
      'call: failed: the time of this scenario is up',
    ])
  })

  test('a peer that breaks because of it is not broken', async () => {
    const deadline = new AbortController()
    const script = new ScriptedCall({
      session: {
        call: async () => {
          deadline.abort()
          throw new UnableError('the persona could not do POST /sessions')
        },
      },
    })
    expect((await play(script, [call], { signal: deadline.signal })).steps).toHaveLength(1)
  })
})

describe('what breaks in the harness', () => {
  test.each([new UnableError('the persona could not do POST /sessions: HTTP 500'), new TypeError('fetch failed')])(
    'is no verdict: %s',
    async (error) => {
      const script = new ScriptedCall({
        session: {
          call: async () => {
            throw error
          },
        },
      })
      await expect(play(script, [call])).rejects.toBe(error)
    },
  )

  test('the edge’s event stream breaking off ends a step that waits for it', async () => {
    const broken = new UnableError('the edge’s event stream broke off')
    const script: ScriptedCall = new ScriptedCall({ session: { call: async () => script.log.fail(broken) } })
    await expect(play(script, [call])).rejects.toBe(broken)
  })
})
