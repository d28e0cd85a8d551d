import { describe, expect, test } from 'vitest'
import type { Axes } from '../../matrix/axes.ts'
import type { PathWire } from '../../protocol/wire.ts'
import { masterKeys } from '../evidence/fixture/protection.ts'
import { privateRow } from '../evidence/fixture/signalling.ts'
import { type Broken, proofCall } from './evidence-fixture.ts'
import { judge } from './judge.ts'
import { secrecyExpectations } from './secrecy.ts'

const sdes: Partial<Axes> = { transport: 'tls', media: 'sdes' }
const dtls: Partial<Axes> = { transport: 'tls', media: 'dtls' }
const tls: Partial<Axes> = { transport: 'tls' }
const local = { address: '192.0.2.10', port: 20_000 }
const remote = { address: '198.51.100.20', port: 32_682 }
const path = (text: string, dir: PathWire['dir'] = 'out'): PathWire => ({ at: 0, dir, local, remote, bytes: Buffer.from(text) })
const good = proofCall(tls)
const key = ({ key: bytes }: (typeof masterKeys)['edge']) => Buffer.from(bytes)
const both = ({ key: bytes, salt }: (typeof masterKeys)['edge']) => Buffer.concat([bytes, salt]).toString('base64')

const rows: readonly Broken[] = [
  ...[
    ['as it stands in the SDP', both(masterKeys.edge)],
    ['in hexadecimal', key(masterKeys.edge).toString('hex')],
    ['in capitals', key(masterKeys.peer).toString('hex').toUpperCase()],
  ].map(
    ([what, text]): Broken => ({
      id: 'secure.no-keys-in-logs',
      what: `a key ${what} in the log of the edge`,
      axes: sdes,
      changes: { facts: { edgeLog: `{"message":"call"}\n{"message":"keys","inline":"${text}"}\n` } },
      seen: 'the log of the edge has one',
      cause: /can decrypt/,
    }),
  ),
  {
    id: 'secure.no-keys-in-logs',
    what: 'the key of a handshake in the log of the peer',
    axes: dtls,
    changes: { peer: { log: ['DEBUG', `srtp key ${key(masterKeys.peer).toString('hex')}`] } },
    seen: 'the log of the peer has one',
  },
  {
    id: 'secure.header-privacy',
    what: 'a datagram beside TLS',
    axes: tls,
    changes: {
      peer: { sip: [...good.peer.sip, { ...good.peer.sip[0]!, transport: 'udp', dir: 'in', bytes: Buffer.from(`log: ${privateRow[1]}`) }] },
    },
    seen: 'a header was repeated over UDP',
    cause: /where everybody can read it/,
  },
  {
    id: 'secure.header-privacy',
    what: 'a packet on the media path',
    axes: tls,
    changes: { peer: { rtp: [{ ...good.peer.rtp[0]!, bytes: Buffer.from(`rtcp app ${privateRow[1]}`) }] } },
    seen: 'a header was repeated on the media path',
  },
  {
    id: 'secure.header-privacy',
    what: 'a connection that encrypts nothing, a segment ending in the middle of it',
    axes: tls,
    changes: {
      peer: { path: [path(`X: ${privateRow[1].slice(0, 7)}`), path('something else', 'in'), path(privateRow[1].slice(7))] },
    },
    seen: 'the TLS connection carries it in clear',
  },
  {
    id: 'secure.plain-refused',
    what: 'a call that was let in',
    axes: tls,
    changes: { facts: { refusal: 200 } },
    seen: '200',
    cause: /given up/,
  },
  { id: 'secure.plain-refused', what: 'silence', axes: tls, changes: { facts: { refusal: 0 } }, seen: 'no final response' },
  {
    id: 'secure.clear-refused',
    what: 'a call that was let in',
    axes: { transport: 'udp' },
    changes: { facts: { refusal: 200 } },
    seen: '200',
    cause: /everybody can read/,
  },
  { id: 'secure.plain-refused', what: 'another refusal', axes: tls, changes: { facts: { refusal: 500 } }, seen: '500' },
]

describe('what leaks', () => {
  test.each(rows)('$id: $what', ({ id, axes, changes, seen, cause }) => {
    const [found] = judge([id], proofCall(axes, changes))
    expect(found).toMatchObject({ verdict: 'fail', seen })
    if (cause !== undefined) expect(found!.cause).toMatch(cause)
    expect(found!.remedy).toBeTruthy()
    // A finding is kept and shown: it never repeats what leaked.
    expect(JSON.stringify(found)).not.toContain(privateRow[1])
    expect(JSON.stringify(found)).not.toContain(key(masterKeys.edge).toString('hex'))
  })

  test('every expectation has a row', () => {
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(secrecyExpectations.map(({ id }) => id)))
  })
})

describe('what does not', () => {
  test('a log that cannot be read is said to be left out', () => {
    expect(judge(['secure.no-keys-in-logs'], proofCall(sdes, { facts: { edgeLog: undefined } }))[0]).toMatchObject({
      verdict: 'pass',
      seen: 'none in the log of the peer',
    })
  })

  test('a path of ciphertext', () => {
    const evidence = proofCall(tls, { peer: { path: [path('\x17\x03\x03'), path('noise', 'in')] } })
    expect(judge(['secure.header-privacy'], evidence)[0]).toMatchObject({ verdict: 'pass', seen: '8 bytes of TLS hold none of it' })
  })

  test('nothing tried decides nothing', () => {
    const nothing = proofCall(tls, { sip: () => undefined })
    expect(judge(['secure.header-privacy', 'secure.plain-refused'], nothing).map(({ verdict }) => verdict)).toEqual([
      'inconclusive',
      'inconclusive',
    ])
    const keyless = proofCall(dtls, { peer: { srtpKeys: [] } })
    expect(judge(['secure.no-keys-in-logs'], keyless)[0]).toMatchObject({ verdict: 'inconclusive' })
  })
})
