import { describe, expect, test } from 'vitest'
import type { SipMessage, SipResponse } from '../../protocol/sip/message.ts'
import { altering, type Broken, numberOf, proofCall, without } from './evidence-fixture.ts'
import { judge } from './judge.ts'
import { signallingExpectations } from './signalling.ts'

const refusedWith = (status: number, reason: string) =>
  altering('200 to INVITE', (message) => {
    const response = message as SipResponse
    response.status = status
    response.reason = reason
    response.headers.delete('Content-Type')
    response.body = new Uint8Array()
  })

const setContact = (value: string) => (message: SipMessage) => message.headers.set('Contact', value)

const rows: readonly Broken[] = [
  {
    id: 'call.established',
    what: 'nobody called',
    changes: { sip: () => undefined },
    seen: 'no INVITE was sent or received',
    cause: /never reached/,
  },
  {
    id: 'call.established',
    what: 'nobody answered',
    changes: { sip: without('200 to INVITE', 'ACK', 'BYE', '200 to BYE') },
    seen: 'INVITE without a final response',
    cause: /in time/,
    at: ['INVITE'],
  },
  ...(
    [
      [401, 'Unauthorized', /credentials/],
      [403, 'Forbidden', /list/],
      [404, 'Not Found', /not known/],
      [407, 'Proxy Authentication Required', /credentials/],
      [408, 'Request Timeout', /in time/],
      [488, 'Not Acceptable Here', /in common/],
    ] as const
  ).map(
    ([status, reason, cause]): Broken => ({
      id: 'call.established',
      what: `refused with ${status}`,
      changes: { sip: refusedWith(status, reason) },
      seen: `INVITE was refused: ${status} ${reason}`,
      cause,
      at: [`${status} to INVITE`],
    }),
  ),
  {
    id: 'call.established',
    what: 'no ACK',
    changes: { sip: without('ACK') },
    seen: '2xx without an ACK',
    cause: /astray/,
    at: ['200 to INVITE'],
  },
  {
    id: 'call.established',
    what: 'a 2xx without a description',
    changes: {
      sip: altering('200 to INVITE', (message) => {
        message.headers.delete('Content-Type')
        message.body = new Uint8Array()
      }),
    },
    seen: 'no session description was answered',
    at: ['200 to INVITE'],
  },
  {
    id: 'transport.signalling',
    what: 'a response over another transport',
    changes: { wire: (wire, { name }) => (name === '180 to INVITE' ? { ...wire, transport: 'tcp' } : wire) },
    seen: '180 to INVITE from the edge over TCP',
    at: ['180 to INVITE'],
  },
  {
    id: 'transport.signalling',
    what: 'a Via that says another transport',
    changes: { sip: altering('BYE', (message) => message.headers.set('Via', 'SIP/2.0/TCP 192.0.2.10:20000;branch=z9hG4bK-x')) },
    seen: 'Via of BYE from the peer says TCP',
    at: ['BYE'],
  },
  {
    id: 'transport.tls13',
    what: 'an older TLS',
    axes: { transport: 'tls' },
    changes: { wire: (wire) => ({ ...wire, tls: { ...wire.tls!, version: 'TLSv1.2', cipher: 'ECDHE-RSA-AES128-GCM-SHA256' } }) },
    seen: 'TLSv1.2 with ECDHE-RSA-AES128-GCM-SHA256',
    at: ['INVITE'],
  },
  {
    id: 'transport.tls13',
    what: 'a certificate nobody trusts',
    axes: { transport: 'tls', direction: 'outbound' },
    changes: {
      wire: (wire, { name }) =>
        name === 'BYE' ? { ...wire, tls: { ...wire.tls!, authorized: false, verifyError: 'self-signed certificate' } } : wire,
    },
    seen: 'certificate refused: self-signed certificate',
    at: ['BYE'],
  },
  {
    id: 'transport.tls13',
    what: 'no TLS at all',
    axes: { transport: 'tls' },
    changes: { wire: ({ tls: _, ...wire }) => wire },
    seen: 'no connection told its TLS version',
  },
  {
    id: 'dialog.contact',
    what: 'a Contact where nobody listens',
    changes: { sip: altering('INVITE', setContact('<sip:peer@192.0.2.10:9;transport=udp>')) },
    seen: 'Contact of the peer is 192.0.2.10:9 over udp, but it is reached at 192.0.2.10:20000',
    cause: /ACK, BYE/,
    at: ['INVITE'],
  },
  {
    id: 'dialog.contact',
    what: 'a Contact with another transport',
    axes: { transport: 'tcp' },
    changes: { sip: altering('200 to INVITE', setContact('<sip:edge@198.51.100.20:32681>')) },
    seen: /Contact of the edge is 198\.51\.100\.20:32681 over udp/,
    at: ['200 to INVITE'],
  },
  {
    id: 'dialog.contact',
    what: 'no Contact',
    changes: { sip: altering('200 to INVITE', (message) => message.headers.delete('Contact')) },
    seen: '200 to INVITE from the edge has no Contact',
    at: ['200 to INVITE'],
  },
  {
    id: 'dialog.contact',
    what: 'a telephone number for Contact',
    changes: { sip: altering('INVITE', setContact('<tel:+15551234567>')) },
    seen: 'INVITE from the peer has an unreadable Contact',
    at: ['INVITE'],
  },
  {
    id: 'via.rport',
    what: 'rport left empty',
    changes: {
      sip: altering('200 to BYE', (message) => message.headers.set('Via', message.headers.get('Via')!.replace(/;rport=\d+/, ';rport'))),
    },
    seen: '200 to BYE from the edge says rport=(empty), the request came from port 20000',
    cause: /NAT/,
    at: ['200 to BYE'],
  },
  {
    id: 'via.rport',
    what: 'a wrong rport',
    axes: { direction: 'outbound' },
    changes: {
      sip: altering('180 to INVITE', (message) =>
        message.headers.set('Via', message.headers.get('Via')!.replace(/;rport=\d+/, ';rport=5060')),
      ),
    },
    seen: '180 to INVITE from the peer says rport=5060, the request came from port 32681',
    at: ['180 to INVITE'],
  },
  {
    id: 'call.ended',
    what: 'no BYE',
    changes: { sip: without('BYE', '200 to BYE') },
    seen: 'no BYE from the peer',
    cause: /dropped/,
    at: ['ACK'],
  },
  {
    id: 'call.ended',
    what: 'BYE from the wrong side',
    changes: { hangup: 'edge', facts: { hangup: 'peer' } },
    seen: 'no BYE from the peer',
    at: ['ACK'],
  },
  { id: 'call.ended', what: 'an unanswered BYE', changes: { sip: without('200 to BYE') }, seen: 'BYE without a 200', at: ['BYE'] },
  {
    id: 'call.ended',
    what: 'a refused BYE',
    changes: {
      sip: altering('200 to BYE', (message) => {
        ;(message as SipResponse).status = 481
      }),
    },
    seen: 'BYE without a 200',
    at: ['BYE'],
  },
  {
    id: 'call.ended',
    what: 'a BYE that is only being tried',
    changes: {
      sip: altering('200 to BYE', (message) => {
        ;(message as SipResponse).status = 100
      }),
    },
    seen: 'BYE without a 200',
    at: ['BYE'],
  },
]

describe('broken signalling', () => {
  test.each(rows)('$id: $what', ({ id, axes, changes, seen, cause, at }) => {
    const evidence = proofCall(axes, changes)
    const [found] = judge([id], evidence)
    expect(found).toMatchObject({ verdict: 'fail', seen: typeof seen === 'string' ? seen : expect.stringMatching(seen) })
    expect(found!.expected).not.toBe('')
    expect(found!.remedy).toBeTruthy()
    if (cause !== undefined) expect(found!.cause).toMatch(cause)
    expect(found!.evidence?.message).toBe(at === undefined ? undefined : numberOf(evidence, ...at))
  })

  test('every expectation has a row', () => {
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(signallingExpectations.map(({ id }) => id)))
  })
})

test('an INVITE that cannot be read is pointed at', () => {
  const evidence = proofCall(
    {},
    {
      wire: (wire, { name }) =>
        name === 'INVITE'
          ? { ...wire, bytes: Buffer.from(Buffer.from(wire.bytes).toString('latin1').replace('Via:', 'X:'), 'latin1') }
          : wire,
    },
  )
  expect(judge(['call.established'], evidence)[0]).toMatchObject({
    verdict: 'fail',
    seen: expect.stringMatching(/^no INVITE that can be read \(.*Via/),
    evidence: { message: 1 },
  })
})

describe('what is no fault', () => {
  test('default ports and sips: stand for themselves in a Contact', () => {
    const sip = altering('200 to INVITE', setContact('<sips:edge@198.51.100.20:32681>'))
    expect(judge(['dialog.contact'], proofCall({ transport: 'tls' }, { sip }))[0]).toMatchObject({ verdict: 'pass' })
  })

  test('where nothing was said, no transport was left: that nobody called is one fault', () => {
    const evidence = proofCall({}, { sip: () => undefined, rtp: () => [] })
    expect(judge(['transport.signalling', 'call.established'], evidence)).toMatchObject([
      { id: 'call.established', verdict: 'fail' },
      { id: 'transport.signalling', verdict: 'inconclusive' },
    ])
  })

  test('a Contact is judged where there is one to judge', () => {
    expect(judge(['dialog.contact'], proofCall({}, { sip: () => undefined }))[0]).toMatchObject({ verdict: 'inconclusive' })
  })

  test('a requester that asks for no rport gets none', () => {
    const sip = (message: SipMessage): SipMessage => {
      message.headers.set('Via', message.headers.get('Via')!.replace(/;rport(=\d+)?/, ''))
      return message
    }
    expect(judge(['via.rport'], proofCall({}, { sip }))[0]).toMatchObject({ verdict: 'pass', seen: 'no request asked for rport' })
  })

  test('rport is only asked of UDP, TLS only of TLS', () => {
    expect(judge(['via.rport', 'transport.tls13'], proofCall({ transport: 'tcp' }))).toEqual([])
  })

  test('a call that was never to be hung up has no end to judge', () => {
    expect(judge(['call.ended'], proofCall({}, { facts: { hangup: undefined } }))[0]).toMatchObject({ verdict: 'inconclusive' })
  })

  test('an INVITE and a 200 that were sent twice are one call', () => {
    const evidence = proofCall({}, { wire: (wire) => [wire, { ...wire, at: wire.at + 500 }] })
    const ids = signallingExpectations.map(({ id }) => id)
    expect(judge(ids, evidence).filter(({ verdict }) => verdict !== 'pass')).toEqual([])
  })
})
