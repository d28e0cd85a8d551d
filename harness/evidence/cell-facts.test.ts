import { describe, expect, test } from 'vitest'
import { cellFactsSchema } from '../../reports/schema/results.ts'
import { kinds, proofCall, without } from '../verdict/evidence-fixture.ts'
import { cellFacts } from './cell-facts.ts'

describe('cellFacts', () => {
  test.each(kinds)('are what the report’s schema asks for, with nothing beside it: %o', (axes) => {
    const facts = cellFacts(proofCall(axes))
    expect(cellFactsSchema.parse(facts)).toEqual(facts)
  })

  test('of a plain call', () => {
    const evidence = proofCall()
    const facts = cellFacts(evidence)
    expect(facts.transport).toEqual({ seen: ['udp'], peer: '192.0.2.10:20000', edge: '198.51.100.20:32681' })
    expect(facts).not.toHaveProperty('tls')
    expect(facts).not.toHaveProperty('registration')
    expect(facts.sdp).toMatchObject({
      offered_by: 'peer',
      offer: expect.stringContaining('m=audio 26000'),
      answer: expect.stringContaining('m=audio 40000'),
    })
    expect(facts.media!.to_edge).toMatchObject({
      codec: 'pcmu',
      payload_type: 0,
      lost: 0,
      duplicates: 0,
      tone_sent_hz: [...evidence.identity.peerTone],
      tone_heard_hz: [...evidence.identity.peerTone],
      source: '192.0.2.10:26000',
      destination: '198.51.100.20:40000',
    })
    expect(facts.media!.to_edge!.packets_sent).toBe(facts.media!.to_edge!.packets_received)
    expect(facts.media!.to_peer).toMatchObject({ source: '198.51.100.20:40000', destination: '192.0.2.10:26000' })
    expect(facts.dtmf).toEqual({
      to_edge: { method: 'rfc4733', sent: '1234*#', received: '1234*#' },
      to_peer: { method: 'rfc4733', sent: '59*0', received: '59*0' },
    })
    expect(facts.ended).toEqual({ by: 'remote' })
  })

  test('of a registered call over TLS', () => {
    const facts = cellFacts(proofCall({ transport: 'tls', registration: 'register' }))
    expect(facts.tls).toMatchObject({ version: 'TLSv1.3', authorized: true })
    expect(facts.registration).toEqual({ requests: 2, challenged: true, authenticated: true })
  })

  test('tell digits by the other method', () => {
    expect(cellFacts(proofCall({ dtmf: 'info' }, { speech: { peer: { digits: '12' } } })).dtmf!.to_edge).toMatchObject({ leaked: '12' })
    expect(cellFacts(proofCall({}, { infoDigits: { edge: '5' } })).dtmf!.to_peer).toMatchObject({ leaked: '1 by INFO' })
  })

  test('of a call that never came about', () => {
    const facts = cellFacts(proofCall({}, { sip: () => undefined, rtp: () => [], edge: null }))
    expect(cellFactsSchema.parse(facts)).toEqual(facts)
    expect(facts).toMatchObject({ transport: { seen: [] }, media: { to_edge: { packets_sent: 0 }, to_peer: { packets_received: 0 } } })
    expect(facts).not.toHaveProperty('sdp')
    expect(facts).not.toHaveProperty('ended')
  })

  test('of a call without an answer', () => {
    expect(cellFacts(proofCall({}, { sip: without('200 to INVITE') })).sdp).not.toHaveProperty('answer')
  })
})
