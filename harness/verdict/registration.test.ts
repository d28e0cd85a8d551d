import { describe, expect, test } from 'vitest'
import type { SipMessage, SipResponse } from '../../protocol/sip/message.ts'
import { altering, type Broken, numberOf, proofCall, without } from './evidence-fixture.ts'
import { judge } from './judge.ts'
import { registrationExpectations } from './registration.ts'

const register = { registration: 'register' } as const
const outbound = { registration: 'register', direction: 'outbound' } as const

/** Makes the first response of this name a plain 200. */
function letIn(name: string): ReturnType<typeof altering> {
  return altering(name, (message) => {
    const response = message as SipResponse
    response.status = 200
    response.reason = 'OK'
    response.headers.delete('WWW-Authenticate')
  })
}

const refused = altering('200 to REGISTER', (message) => {
  ;(message as SipResponse).status = 403
  ;(message as SipResponse).reason = 'Forbidden'
})

/** A REGISTER that has no business on a static trunk. */
const strayRegister = altering('INVITE', (message) => {
  if (message.type === 'request') message.method = 'REGISTER'
  message.headers.set('CSeq', '7 REGISTER')
})

const rows: readonly Broken[] = [
  {
    id: 'registration.mode',
    what: 'a static trunk registers',
    changes: { sip: strayRegister },
    seen: 'REGISTER from the peer',
    at: ['REGISTER'],
  },
  {
    id: 'registration.mode',
    what: 'no REGISTER',
    axes: register,
    changes: { sip: without('REGISTER', '401 to REGISTER', '200 to REGISTER') },
    seen: 'no REGISTER',
  },
  {
    id: 'registration.mode',
    what: 'no response to REGISTER',
    axes: register,
    changes: { sip: without('401 to REGISTER', '200 to REGISTER') },
    seen: 'REGISTER without a response',
    at: ['REGISTER'],
  },
  { id: 'registration.mode', what: 'refused', axes: register, changes: { sip: refused }, seen: '403 Forbidden', at: ['403 to REGISTER'] },
  {
    id: 'registration.mode',
    what: 'accepted without a binding',
    axes: register,
    changes: { sip: altering('200 to REGISTER', (message) => message.headers.delete('Contact')) },
    seen: '200 without the binding in Contact',
    at: ['200 to REGISTER'],
  },
  {
    id: 'registration.mode',
    what: 'a call that does not follow the binding',
    axes: outbound,
    changes: {
      sip: altering('INVITE', (message) => {
        if (message.type === 'request') message.uri = 'sip:peer@192.0.2.10:5060;transport=udp'
      }),
    },
    seen: 'INVITE sip:peer@192.0.2.10:5060;transport=udp is not what was registered',
    at: ['INVITE'],
  },
  {
    id: 'registration.mode',
    what: 'a call to what is no URI',
    axes: outbound,
    changes: {
      sip: altering('INVITE', (message) => {
        if (message.type === 'request') message.uri = 'tel:+99955501000'
      }),
    },
    seen: 'INVITE tel:+99955501000 is not what was registered',
    at: ['INVITE'],
  },
  {
    id: 'registration.challenged',
    what: 'let in without credentials',
    axes: register,
    changes: { sip: letIn('401 to REGISTER') },
    seen: '200 OK',
    cause: /take over the number/,
    at: ['200 to REGISTER'],
  },
  {
    id: 'registration.challenged',
    what: 'no answer to the first REGISTER',
    axes: register,
    changes: { sip: without('401 to REGISTER') },
    seen: 'no response',
    at: ['REGISTER'],
  },
  {
    id: 'auth.challenged',
    what: 'let in without credentials',
    axes: register,
    changes: { sip: without('401 to INVITE') },
    seen: 'let in without a challenge',
    cause: /anyone/,
    at: ['INVITE'],
  },
  {
    id: 'registration.wrong-password-refused',
    what: 'let in with a wrong password',
    axes: register,
    changes: { facts: { wrongPassword: 200 } },
    seen: '200',
    cause: /not checked/,
  },
  {
    id: 'registration.wrong-password-refused',
    what: 'another failure than a refusal',
    axes: register,
    changes: { facts: { wrongPassword: 500 } },
    seen: '500',
  },
  {
    id: 'acl.stranger-refused',
    what: 'a stranger let in',
    changes: { facts: { refusal: 200 } },
    seen: '200',
    cause: /list is not checked/,
    at: ['200 to INVITE'],
  },
  {
    id: 'acl.stranger-refused',
    what: 'a stranger left waiting',
    changes: { facts: { refusal: 0 } },
    seen: 'no final response',
    at: ['200 to INVITE'],
  },
]

describe('broken registration', () => {
  test.each(rows)('$id: $what', ({ id, axes, changes, seen, cause, at }) => {
    const evidence = proofCall(axes, changes)
    const [found] = judge([id], evidence)
    expect(found).toMatchObject({ verdict: 'fail', seen: typeof seen === 'string' ? seen : expect.stringMatching(seen) })
    expect(found!.remedy).toBeTruthy()
    if (cause !== undefined) expect(found!.cause).toMatch(cause)
    expect(found!.evidence?.message).toBe(at === undefined ? undefined : numberOf(evidence, ...at))
  })

  test('every expectation has a row', () => {
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(registrationExpectations.map(({ id }) => id)))
  })
})

describe('what cannot be said', () => {
  test.each([
    ['registration.challenged', altering('REGISTER', (message) => message.headers.set('Authorization', 'Digest x'))],
    ['auth.challenged', altering('INVITE', (message) => message.headers.set('Authorization', 'Digest x'))],
    ['auth.challenged', without('INVITE')],
    ['registration.wrong-password-refused', without()],
  ] as const)('%s', (id, sip) => {
    expect(judge([id], proofCall(register, { sip }))[0]).toMatchObject({ verdict: 'inconclusive' })
  })

  test('whether a call followed its binding, when none came', () => {
    expect(judge(['registration.mode'], proofCall(outbound, { sip: without('INVITE') }))[0]).toMatchObject({ verdict: 'inconclusive' })
  })

  test('whether strangers are refused, when none called', () => {
    expect(judge(['acl.stranger-refused'], proofCall())[0]).toMatchObject({ verdict: 'inconclusive' })
  })

  test('whether a wrong password is refused, when nothing came back', () => {
    const evidence = proofCall(register, { facts: { wrongPassword: 0 } })
    expect(judge(['registration.wrong-password-refused'], evidence)[0]).toMatchObject({ verdict: 'inconclusive' })
  })
})

test.each([401, 403, 407])('a wrong password may be refused with %i', (wrongPassword) => {
  expect(judge(['registration.wrong-password-refused'], proofCall(register, { facts: { wrongPassword } }))[0]).toMatchObject({
    verdict: 'pass',
  })
})

test('407 and Proxy-Authorization are a challenge too', () => {
  const sip = (message: SipMessage, { name }: { name: string }): SipMessage => {
    if (name === '401 to INVITE') (message as SipResponse).status = 407
    if (name === 'INVITE' && message.headers.has('Authorization')) {
      message.headers.set('Proxy-Authorization', message.headers.get('Authorization')!)
      message.headers.delete('Authorization')
    }
    return message
  }
  expect(judge(['auth.challenged'], proofCall(register, { sip }))[0]).toMatchObject({ verdict: 'pass', seen: '407, then credentials' })
})
