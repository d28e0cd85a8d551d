/** Expectations on SIP signalling: set-up, transport, TLS, Contact, rport, hang-up. */
import { parseNameAddr, parseVia } from '../../protocol/sip/headers.ts'
import type { SipMessage } from '../../protocol/sip/message.ts'
import { parseUri } from '../../protocol/sip/uri.ts'
import type { CellEvidence } from '../evidence/cell-evidence.ts'
import { isRequest, isResponse, type Traced } from '../evidence/trace.ts'
import { always, clauseOf, type Expectation, type Finding, fail, pass } from './expectation.ts'

/** Messages by name, for people: `INVITE` or `200 to INVITE`. */
function label(message: SipMessage): string {
  if (message.type === 'request') return message.method
  return `${message.status} to ${message.headers.get('CSeq')?.split(/\s+/)[1] ?? '?'}`
}

function established({ call, trace }: CellEvidence): Finding {
  const expected = 'INVITE, a 2xx with a session description, ACK'
  const [unreadable] = trace.unreadable
  if (call === undefined && unreadable !== undefined)
    return fail(expected, `no INVITE that can be read (${unreadable.why})`, { message: unreadable.number, cause: 'a message is malformed' })
  if (call === undefined) return fail(expected, 'no INVITE was sent or received', { cause: 'the caller never reached the other side' })
  if (call.success === undefined) {
    const final = call.responses.findLast((traced) => traced.message.status >= 200)
    if (final === undefined) {
      return fail(expected, 'INVITE without a final response', {
        message: call.invites.at(-1)?.number,
        cause: 'the callee did not answer in time',
      })
    }
    return fail(expected, `INVITE was refused: ${final.message.status} ${final.message.reason}`, {
      message: final.number,
      cause: refusalCause(final.message.status),
    })
  }
  if (call.ack === undefined) return fail(expected, '2xx without an ACK', { message: call.success.number, cause: 'the ACK went astray' })
  if (call.answer === undefined) return fail(expected, 'no session description was answered', { message: call.success.number })
  return pass(expected, `${call.success.message.status} ${call.success.message.reason}, acknowledged`)
}

function refusalCause(status: number): string | undefined {
  if (status === 401 || status === 407) return 'wrong or missing credentials'
  if (status === 403) return 'the calling address is not on the trunk’s list'
  if (status === 404) return 'the number is not known on the called side'
  if (status === 408) return 'the called side did not answer in time'
  if (status === 488) return 'no codec, profile or keying in common'
  return undefined
}

function signalledOverTransport({ cell, trace }: CellEvidence): Finding {
  const wanted = cell.axes.transport
  const expected = `every SIP message over ${wanted.toUpperCase()}, and its Via says so`
  // Which transport it would have been nobody knows; that there was none is the call's own fault.
  if (trace.messages.length === 0) return { verdict: 'inconclusive', expected, seen: 'no SIP message at all' }
  const stray = trace.messages.find((traced) => traced.wire.transport !== wanted)
  if (stray !== undefined) {
    return fail(expected, `${label(stray.message)} from the ${stray.from} over ${stray.wire.transport.toUpperCase()}`, {
      message: stray.number,
    })
  }
  const lying = trace.messages.filter(isRequest).find((traced) => viaTransport(traced)?.toLowerCase() !== wanted)
  if (lying !== undefined) {
    return fail(expected, `Via of ${label(lying.message)} from the ${lying.from} says ${viaTransport(lying) ?? 'nothing'}`, {
      message: lying.number,
    })
  }
  return pass(expected, `${trace.messages.length} messages, all over ${wanted.toUpperCase()}`)
}

function viaTransport(traced: Traced): string | undefined {
  const first = traced.message.headers.list('Via')[0]
  return first === undefined ? undefined : parseVia(first)?.transport
}

function tls13({ trace }: CellEvidence): Finding {
  const expected = 'TLS 1.3 on every connection, the certificate trusted and its name right'
  const facts = trace.messages.map((traced) => ({ number: traced.number, tls: traced.wire.tls }))
  const known = facts.filter((fact) => fact.tls !== undefined)
  if (known.length === 0) return fail(expected, 'no connection told its TLS version')
  for (const { number, tls } of known) {
    if (tls!.version !== 'TLSv1.3') return fail(expected, `${tls!.version} with ${tls!.cipher}`, { message: number })
    if (tls!.verifyError !== undefined) return fail(expected, `certificate refused: ${tls!.verifyError}`, { message: number })
  }
  return pass(expected, `TLSv1.3 with ${known[0]!.tls!.cipher}`)
}

/** Contact must lead back to where its sender really is: RFC 3261 section 8.1.1.8 and 12.1.1. */
function contactReachable(evidence: CellEvidence): Finding {
  const expected = 'Contact of each side names the address and transport it is reached at'
  const { call } = evidence
  const holders: Traced[] = [...(call?.invites.slice(-1) ?? []), ...(call?.success === undefined ? [] : [call.success])]
  if (holders.length === 0) return { verdict: 'inconclusive', expected, seen: 'no message with a Contact' }
  for (const traced of holders) {
    const value = traced.message.headers.list('Contact')[0]
    const uri = value === undefined ? undefined : parseUri(parseNameAddr(value)?.uri ?? '')
    if (uri === undefined || uri.scheme === 'tel') {
      return fail(
        expected,
        `${label(traced.message)} from the ${traced.from} has ${value === undefined ? 'no Contact' : 'an unreadable Contact'}`,
        { message: traced.number },
      )
    }
    const where = addressOf(traced.from, evidence)
    const transport = uri.params.get('transport')?.toLowerCase() ?? (uri.scheme === 'sips' ? 'tls' : 'udp')
    const port = uri.port ?? (transport === 'tls' ? 5061 : 5060)
    if (uri.host !== where.host || port !== where.port || transport !== evidence.cell.axes.transport) {
      return fail(
        expected,
        `Contact of the ${traced.from} is ${uri.host}:${port} over ${transport}, but it is reached at ${where.host}:${where.port}`,
        {
          message: traced.number,
          cause: 'in-dialog requests (ACK, BYE) follow Contact and are lost',
        },
      )
    }
  }
  return pass(expected, 'both Contacts lead back to their senders')
}

function addressOf(side: 'peer' | 'edge', { identity, peerAddress }: CellEvidence): { host: string; port: number } {
  return side === 'edge' ? identity.edge : peerAddress
}

/** RFC 3581 section 4: a request that asks with `;rport` gets source port and address back in the Via of its responses. */
function rportFilled({ trace }: CellEvidence): Finding {
  const expected = 'every response to a request with ;rport carries rport and received with the real source'
  let seen = 0
  for (const traced of trace.messages.filter(isResponse)) {
    const via = parseVia(traced.message.headers.list('Via')[0] ?? '')
    if (via === undefined || !via.params.has('rport') || traced.wire.transport !== 'udp') continue
    // The source of the request is our own side of this exchange for responses that came in, the other side for those that went out.
    const source = traced.wire.dir === 'in' ? traced.wire.local : traced.wire.remote
    const rport = via.params.get('rport')
    if (rport === undefined || Number(rport) !== source.port) {
      return fail(
        expected,
        `${label(traced.message)} from the ${traced.from} says rport=${rport ?? '(empty)'}, the request came from port ${source.port}`,
        {
          message: traced.number,
          cause: 'behind a NAT the response would go to a port nobody listens on',
        },
      )
    }
    seen += 1
  }
  return seen === 0 ? pass(expected, 'no request asked for rport') : pass(expected, `${seen} responses with the right rport`)
}

function ended({ call, hangup }: CellEvidence): Finding {
  const expected = `BYE from the ${hangup ?? 'side told to hang up'}, answered with 200`
  if (call === undefined || hangup === undefined)
    return { verdict: 'inconclusive', expected, seen: 'the call did not get as far as its end' }
  const bye = call.byes.find((traced) => traced.from === hangup)
  if (bye === undefined) {
    return fail(expected, `no BYE from the ${hangup}`, {
      message: call.ack?.number,
      cause: 'the call was dropped without telling the other side',
    })
  }
  const answer = call.byeResponses.find(({ from, message: { status } }) => from !== hangup && status >= 200 && status < 300)
  if (answer === undefined) return fail(expected, 'BYE without a 200', { message: bye.number })
  return pass(expected, `BYE and ${answer.message.status}`)
}

export const signallingExpectations: readonly Expectation[] = [
  {
    id: 'dialog.contact',
    title: 'Contact leads back to its sender',
    clause: always('import.routing'),
    after: [],
    judge: contactReachable,
    remedy: 'set the external signalling address, or let the trunk rewrite Contact',
  },
  {
    id: 'call.established',
    title: 'The call is set up',
    clause: clauseOf.transport,
    // What came another way, or was sent where nobody is, may rightly be ignored: then there is no second fault.
    after: ['dialog.contact', 'transport.signalling'],
    judge: established,
    remedy: 'compare number format, credentials and allowed addresses on both sides',
  },
  {
    id: 'transport.signalling',
    title: 'Signalling stays on its transport',
    clause: clauseOf.transport,
    after: [],
    judge: signalledOverTransport,
    remedy: 'name the transport in the trunk’s SIP URI (;transport=…)',
  },
  {
    id: 'transport.tls13',
    title: 'Signalling is TLS 1.3',
    clause: always('secure.tls13'),
    applies: (axes) => axes.transport === 'tls',
    after: [],
    judge: tls13,
    remedy: 'allow TLS 1.3 and trust the authority that signed the other side’s certificate',
  },
  {
    id: 'via.rport',
    title: 'Responses find their way back',
    clause: always('nat.rport'),
    applies: (axes) => axes.transport === 'udp',
    after: [],
    judge: rportFilled,
    remedy: 'switch rport on (RFC 3581)',
  },
  {
    id: 'call.ended',
    title: 'The call ends on both sides',
    clause: clauseOf.transport,
    // Who cannot agree on keys hangs up at once.
    after: ['media.profile', 'media.keying', 'secure.fingerprint', 'call.established', 'dialog.contact', 'codec.negotiated'],
    judge: ended,
    remedy: 'check that BYE follows the route set and Contact of the call',
  },
]
