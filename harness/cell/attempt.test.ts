import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cellResultSchema } from '../../reports/schema/results.ts'
import type { EdgeCall, Provision } from '../edge/edge-client.ts'
import { UnableError } from '../errors.ts'
import { CallFailed, type PeerEvidence, type PeerSession, type StartedPeer } from '../peers/peer.ts'
import { planItem } from '../plan-fixture.ts'
import { proofCall } from '../verdict/evidence-fixture.ts'
import { type AttemptDesk, attemptItem } from './attempt.ts'
import { edgeRefuses, never, ScriptedCall } from './scripted-peer.ts'

let runDir: string
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'trunkproof-attempt-'))
})
afterEach(() => rmSync(runDir, { recursive: true, force: true }))

const item = planItem()
const good = proofCall()
/** Who hangs up in this cell is not known here: the fixture's call is hung up by whoever the cell says. */
const call = (hangup: 'peer' | 'edge') => proofCall({}, { hangup })

interface Changes {
  readonly session?: Partial<PeerSession>
  readonly client?: Partial<AttemptDesk['client']>
  readonly open?: StartedPeer['open']
  readonly signal?: AbortSignal
}

/** An attempt at the cell of the good call; what was asked of whom is in `told`. */
async function attempt(changes: Changes = {}) {
  const script = new ScriptedCall(changes.session === undefined ? {} : { session: changes.session })
  const told: string[] = script.told
  let hangup: 'peer' | 'edge' = 'edge'
  const { hangup: hangUp } = script.session
  const seen = (): PeerEvidence => call(hangup).peer
  const session: PeerSession = {
    ...script.session,
    hangup: async () => {
      hangup = 'peer'
      await hangUp()
    },
    evidence: changes.session?.evidence ?? (async () => seen()),
    [Symbol.asyncDispose]: async () => {
      told.push('peer: close')
      await changes.session?.[Symbol.asyncDispose]?.()
    },
  }
  const edgeCall = (): EdgeCall => {
    const { digits, tones } = good.edge!
    return {
      id: 'call-1',
      call_id: 'c',
      number: good.identity.number,
      state: 'ended',
      digits: digits.map(({ digit, method }) => ({ digit, method })),
      tones: tones.map(({ pair, levelDbm0, purity, windows }) => ({
        pair: pair === undefined ? null : [...pair],
        level_dbm0: levelDbm0,
        purity,
        windows,
      })),
      media: { received: { packets: 1, lost: 0 } },
    }
  }
  const provisioned: Provision[] = []
  const desk: AttemptDesk = {
    watch: () => script.log,
    client: {
      ...script.desk.client,
      provision: async (number) => {
        told.push('edge: provision')
        provisioned.push(number)
      },
      read: async () => edgeCall(),
      srtpKeys: async () => [],
      release: async () => {
        told.push('edge: release')
      },
      ...changes.client,
    },
  }
  const result = await attemptItem({
    item,
    identity: good.identity,
    peer: { fidelity: 'persona', version: '1', open: changes.open ?? (async () => session), [Symbol.asyncDispose]: async () => {} },
    desk,
    attempt: 1,
    runDir,
    rerun: 'npm run matrix -- --scenario proof-call',
    peerAddresses: ['192.0.2.10/32'],
    signal: changes.signal ?? new AbortController().signal,
    latenessSince: async () => 0,
  })
  return { result, told, provisioned }
}

describe('an attempt', () => {
  test('at a call where all goes well passes, with everything a report shows', async () => {
    const { result, told, provisioned } = await attempt()
    expect(result.expectations.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
    expect(result).toMatchObject({ id: item.cell.id, verdict: 'pass', attempts: 1, fidelity: 'persona', deviations: [] })
    expect(cellResultSchema.parse(result)).toEqual(result)
    expect(result.evidence.map((path) => path.split('/').at(-1)).toSorted()).toEqual(['capture.pcapng', 'ladder.json'])
    expect(readdirSync(join(runDir, 'evidence', item.cell.id)).toSorted()).toEqual(['capture.pcapng', 'ladder.json'])
    expect(told.at(0)).toBe('edge: provision')
    expect(told.slice(-2)).toEqual(['peer: close', 'edge: release'])
    expect(provisioned).toMatchObject([{ number: good.identity.number, allow: ['192.0.2.10/32'], codecs: ['pcmu'], dtmf: 'rfc4733' }])
  })

  test('points packets out by their frame in the capture, where SIP messages are frames too', async () => {
    const speech = { peer: { codec: 'pcma', payloadType: 8 } } as const
    const { peer } = proofCall({}, { speech })
    const { result } = await attempt({ session: { evidence: async () => peer } })
    const found = result.expectations.find(({ id }) => id === 'codec.media')!
    expect(found).toMatchObject({ verdict: 'fail', evidence: { packet: expect.any(Number) } })
    expect(found.evidence!.packet).toBeGreaterThan(peer.sip.length)
  })

  test('lists what could not be read, and leaves keep-alives out', async () => {
    const { peer } = good
    const [first] = peer.sip
    const junk = (bytes: Uint8Array) => ({ ...first!, at: first!.at - 1, bytes })
    const sip = [junk(Buffer.from('\r\n\r\n')), junk(Buffer.from('hello\r\n\r\n')), ...peer.sip]
    const { result } = await attempt({ session: { evidence: async () => ({ ...peer, sip }) } })
    expect(result.deviations).toEqual([{ id: 'sip.malformed', detail: expect.any(String), message: 1 }])
  })
})

describe('whatever happens, the session is closed and the number is taken back', () => {
  test('a call that fails is a verdict', async () => {
    const { peer } = proofCall({}, { sip: () => undefined, rtp: () => [] })
    const { result, told } = await attempt({
      session: {
        call: async () => {
          throw new CallFailed(0, 'nobody there')
        },
        evidence: async () => peer,
      },
    })
    expect(result).toMatchObject({ verdict: 'fail', reason: expect.stringContaining('no INVITE') })
    expect(result.steps).toMatchObject([{ verdict: 'failed', detail: 'nobody there' }])
    expect(told.slice(-2)).toEqual(['peer: close', 'edge: release'])
  })

  test.each<[string, Changes]>([
    ['the edge cannot be provisioned', { client: { provision: edgeRefuses } }],
    ['the edge cannot be read', { client: { read: edgeRefuses } }],
    ['the peer hands over no evidence', { session: { evidence: edgeRefuses } }],
    ['the peer breaks', { session: { call: async () => Promise.reject(new UnableError('the persona is gone')) } }],
  ])('%s: an error of the harness', async (_, changes) => {
    const { result, told } = await attempt(changes)
    expect(result).toMatchObject({ verdict: 'error', attribution: 'harness', reason: expect.stringMatching(/./) })
    expect(cellResultSchema.parse(result)).toEqual(result)
    expect(told.slice(-2)).toEqual(['peer: close', 'edge: release'])
  })

  test('a peer that opens no session leaves nothing to close', async () => {
    const { result, told } = await attempt({ open: async () => Promise.reject(new UnableError('no port is free')) })
    expect(result).toMatchObject({ verdict: 'error', reason: 'no port is free' })
    expect(told).toEqual([])
  })

  test('neither a good-bye that fails nor an edge that has no such number spoils the verdict', async () => {
    const { result } = await attempt({ session: { [Symbol.asyncDispose]: edgeRefuses }, client: { release: edgeRefuses } })
    expect(result.verdict).toBe('pass')
  })

  test('an interrupted attempt ends at once', async () => {
    const stop = new AbortController()
    const { peer } = proofCall({}, { sip: () => undefined, rtp: () => [] })
    const { result } = await attempt({
      signal: stop.signal,
      session: {
        call: () => {
          stop.abort()
          return never()
        },
        evidence: async () => peer,
      },
    })
    expect(result.steps).toMatchObject([{ verdict: 'failed', detail: 'the time of this scenario is up' }])
  })
})
