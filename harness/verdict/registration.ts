/** Expectations on who is let in: registration, challenges, wrong passwords, strangers. */

import type { Axes } from '../../matrix/axes.ts'
import { parseNameAddr } from '../../protocol/sip/headers.ts'
import { parseUri } from '../../protocol/sip/uri.ts'
import type { CellEvidence } from '../evidence/cell-evidence.ts'
import { registrations } from '../evidence/trace.ts'
import { always, clauseOf, type Expectation, type Finding, fail, pass } from './expectation.ts'

const registers = (axes: Axes): boolean => axes.registration === 'register'

function mode(evidence: CellEvidence): Finding {
  const { requests, responses } = registrations(evidence.trace)
  if (!registers(evidence.cell.axes)) {
    const expected = 'no REGISTER on a static trunk'
    const stray = requests[0]
    return stray === undefined ? pass(expected, 'none') : fail(expected, `REGISTER from the ${stray.from}`, { message: stray.number })
  }
  const expected = 'REGISTER accepted with a binding'
  const accepted = responses.find((traced) => traced.message.status === 200)
  if (accepted === undefined) {
    const last = responses.at(-1)
    return fail(
      expected,
      last === undefined
        ? requests.length === 0
          ? 'no REGISTER'
          : 'REGISTER without a response'
        : `${last.message.status} ${last.message.reason}`,
      {
        message: last?.number ?? requests[0]?.number,
      },
    )
  }
  if (accepted.message.headers.list('Contact').length === 0)
    return fail(expected, '200 without the binding in Contact', { message: accepted.number })
  if (evidence.cell.axes.direction === 'outbound') return routedByBinding(evidence, expected)
  return pass(expected, '200 with the binding')
}

/** A call to a registered peer goes to what it registered (RFC 3261 section 16.5, location service). */
function routedByBinding({ call, trace }: CellEvidence, expected: string): Finding {
  const bound = registrations(trace)
    .requests.flatMap((traced) => traced.message.headers.list('Contact'))
    .map((value) => parseUri(parseNameAddr(value)?.uri ?? ''))
  const invite = call?.invites[0]
  if (invite === undefined) return { verdict: 'inconclusive', expected: `${expected}, and the call follows it`, seen: 'no call came' }
  const target = parseUri(invite.message.uri)
  const follows = bound.some(
    (uri) =>
      uri !== undefined &&
      target !== undefined &&
      uri.scheme !== 'tel' &&
      target.scheme !== 'tel' &&
      uri.host === target.host &&
      uri.port === target.port,
  )
  return follows
    ? pass(`${expected}, and the call follows it`, `INVITE ${invite.message.uri}`)
    : fail(`${expected}, and the call follows it`, `INVITE ${invite.message.uri} is not what was registered`, { message: invite.number })
}

function registerChallenged({ trace }: CellEvidence): Finding {
  const expected = 'REGISTER without credentials is challenged with 401'
  const { requests, responses } = registrations(trace)
  const bare = requests.find((traced) => !traced.message.headers.has('Authorization'))
  if (bare === undefined) return { verdict: 'inconclusive', expected, seen: 'every REGISTER brought credentials' }
  const cseq = bare.message.headers.get('CSeq')
  const answer = responses.find(
    (traced) =>
      traced.message.headers.get('CSeq') === cseq &&
      traced.message.headers.get('Call-ID') === bare.message.headers.get('Call-ID') &&
      traced.message.status >= 200,
  )
  if (answer === undefined) return fail(expected, 'no response', { message: bare.number })
  if (answer.message.status !== 401) {
    return fail(expected, `${answer.message.status} ${answer.message.reason}`, {
      message: answer.number,
      cause: 'anyone could take over the number',
    })
  }
  return pass(expected, '401 with a challenge')
}

function inviteChallenged({ call }: CellEvidence): Finding {
  const expected = 'INVITE without credentials is challenged, with credentials let in'
  if (call === undefined) return { verdict: 'inconclusive', expected, seen: 'no call' }
  const bare = call.invites.find(
    (traced) => !traced.message.headers.has('Authorization') && !traced.message.headers.has('Proxy-Authorization'),
  )
  if (bare === undefined) return { verdict: 'inconclusive', expected, seen: 'the first INVITE already brought credentials' }
  if (call.challenges.length === 0)
    return fail(expected, 'let in without a challenge', { message: bare.number, cause: 'anyone could call on this trunk' })
  return pass(expected, `${call.challenges[0]!.message.status}, then credentials`)
}

function wrongPasswordRefused({ wrongPassword }: CellEvidence): Finding {
  const expected = 'a wrong password is refused with 401 or 403'
  if (wrongPassword === undefined || wrongPassword === 0)
    return { verdict: 'inconclusive', expected, seen: 'no final response to REGISTER' }
  return wrongPassword === 401 || wrongPassword === 403 || wrongPassword === 407
    ? pass(expected, String(wrongPassword))
    : fail(expected, String(wrongPassword), { cause: 'credentials are not checked' })
}

function strangerRefused({ refusal, call }: CellEvidence): Finding {
  const expected = 'a caller that is not on the trunk’s list is refused'
  if (refusal === undefined) return { verdict: 'inconclusive', expected, seen: 'no stranger called' }
  const message = call?.responses.at(-1)?.number
  if (refusal >= 400) return pass(expected, String(refusal))
  return fail(expected, refusal === 0 ? 'no final response' : String(refusal), { message, cause: 'the address list is not checked' })
}

export const registrationExpectations: readonly Expectation[] = [
  {
    id: 'registration.mode',
    title: 'The trunk registers, or does not, as it should',
    clause: clauseOf.registration,
    after: [],
    judge: mode,
    remedy: 'compare user name, password, domain and registration mode of the trunk',
  },
  {
    id: 'registration.challenged',
    title: 'REGISTER is challenged',
    clause: always('prerequisites.credentials'),
    applies: registers,
    after: [],
    judge: registerChallenged,
    remedy: 'require digest authentication for registrations',
  },
  {
    id: 'auth.challenged',
    title: 'INVITE is challenged',
    clause: always('prerequisites.credentials'),
    applies: (axes) => registers(axes) && axes.direction === 'inbound',
    after: [],
    judge: inviteChallenged,
    remedy: 'require digest authentication for calls',
  },
  {
    id: 'registration.wrong-password-refused',
    title: 'A wrong password is refused',
    clause: always('prerequisites.credentials'),
    applies: registers,
    after: [],
    judge: wrongPasswordRefused,
    remedy: 'check that credentials are really compared',
  },
  {
    id: 'acl.stranger-refused',
    title: 'A stranger is refused',
    clause: always('prerequisites.ip-acl'),
    applies: (axes) => !registers(axes),
    after: [],
    judge: strangerRefused,
    remedy: 'limit the trunk to the addresses of the phone system',
  },
]
