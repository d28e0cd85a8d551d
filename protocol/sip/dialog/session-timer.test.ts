import { describe, expect, test } from 'vitest'
import { makeRequest, makeResponse } from '../message.ts'
import { decideAsServer, planSession, requestRows, secondsAfter422, settledByResponse } from './session-timer.ts'

const invite = (rows: [string, string][]) => makeRequest('INVITE', 'sip:bob@example.com', rows)

describe('as server (RFC 4028 section 9)', () => {
  test.each<[string, [string, string][], ReturnType<typeof decideAsServer>]>([
    ['nothing asked', [['Supported', 'timer']], { accepted: true, terms: undefined, rows: [] }],
    [
      'caller can refresh',
      [
        ['Supported', '100rel, timer'],
        ['Session-Expires', '1800'],
      ],
      {
        accepted: true,
        terms: { seconds: 1800, refresher: 'uac' },
        rows: [
          ['Require', 'timer'],
          ['Session-Expires', '1800;refresher=uac'],
        ],
      },
    ],
    [
      'caller wants us to refresh',
      [
        ['Supported', 'timer'],
        ['Session-Expires', '1800;refresher=uas'],
      ],
      { accepted: true, terms: { seconds: 1800, refresher: 'uas' }, rows: [['Session-Expires', '1800;refresher=uas']] },
    ],
    [
      'a proxy asked, the caller knows nothing of it',
      [['Session-Expires', '60;refresher=uac']],
      { accepted: true, terms: { seconds: 90, refresher: 'uas' }, rows: [['Session-Expires', '90;refresher=uas']] },
    ],
    [
      'too short: 422',
      [
        ['Supported', 'timer'],
        ['Session-Expires', '60'],
      ],
      { accepted: false, rows: [['Min-SE', '90']] },
    ],
  ])('%s', (_what, rows, decision) => expect(decideAsServer(invite(rows))).toEqual(decision))
})

describe('as client', () => {
  test('asks', () => {
    expect(requestRows(1800, 90)).toEqual([['Session-Expires', '1800']])
    expect(requestRows(1800, 120, 'uac')).toEqual([
      ['Session-Expires', '1800;refresher=uac'],
      ['Min-SE', '120'],
    ])
  })
  test('takes what the 2xx grants', () => {
    const response = (value?: string) => makeResponse(invite([]), 200, value === undefined ? {} : { rows: [['Session-Expires', value]] })
    expect(settledByResponse(response('900;refresher=uas'))).toEqual({ seconds: 900, refresher: 'uas' })
    expect(settledByResponse(response())).toBeUndefined()
  })
  test('asks for more after a 422', () => expect(secondsAfter422(makeResponse(invite([]), 422, { rows: [['Min-SE', '600']] }))).toBe(600))
})

test.each([
  [1800, { refreshMs: 900_000, expireMs: 1_768_000 }],
  [90, { refreshMs: 45_000, expireMs: 60_000 }],
])('%d s (section 10)', (seconds, plan) => expect(planSession({ seconds, refresher: 'uac' })).toEqual(plan))
