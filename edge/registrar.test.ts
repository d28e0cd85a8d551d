import { describe, expect, test } from 'vitest'
import { FakeClock } from '../endpoint/fake-clock.ts'
import { noFaults } from '../endpoint/faults.ts'
import { makeRequest, type SipRequest } from '../protocol/sip/message.ts'
import { Authorizer } from './authorizer.ts'
import { Bindings } from './bindings.ts'
import { Registrar } from './registrar.ts'
import { registrationView } from './registration-view.ts'
import { Tally } from './tally.ts'
import { type Answered, authorized, digestTrunk, emptyDirectory, flow, headerValues, incoming, registeringTrunk } from './test-support.ts'

interface Wish {
  to?: string
  contacts?: string[]
  expires?: string
  cseq?: number
  callId?: string
}

function register({ to = 'sip:pbx1@pbx.example.com', contacts = [], expires, cseq = 1, callId = 'reg1' }: Wish): SipRequest {
  return makeRequest('REGISTER', 'sip:pbx.example.com', [
    ['To', `<${to}>`],
    ['From', `<${to}>;tag=1`],
    ['Call-ID', callId],
    ['CSeq', `${cseq} REGISTER`],
    ...contacts.map((contact): [string, string] => ['Contact', contact]),
    ...(expires === undefined ? [] : [['Expires', expires] as [string, string]]),
  ])
}

function setUp() {
  const directory = emptyDirectory()
  const trunk = directory.importTrunk(registeringTrunk)
  const clock = new FakeClock()
  const changes: string[] = []
  const bindings = new Bindings({ clock, onChange: (id) => changes.push(id) })
  const outcomes = new Tally()
  const authorizer = new Authorizer({ directory, realm: 'edge', faults: noFaults })
  const registrar = new Registrar({ directory, authorizer, bindings, clock, minExpires: 60, outcomes })
  const ask = (request: SipRequest, via = flow()): Answered => {
    const one = incoming(request, via)
    registrar.handle(one)
    expect(one.answers).toHaveLength(1)
    return one.answers[0]!
  }
  /** Answers the challenge, as a phone system does. */
  const send = (wish: Wish, via = flow(), password = 'correct horse', username = 'pbx1'): Answered => {
    const request = register(wish)
    const challenge = ask(request, via)
    expect(challenge.status).toBe(401)
    return ask(authorized(request, headerValues(challenge, 'WWW-Authenticate'), username, password), via)
  }
  return { directory, trunk, clock, bindings, changes, outcomes, ask, send }
}

const here = '<sip:pbx1@192.0.2.10:5060>'

test('a REGISTER is challenged, and with the right password makes a binding', () => {
  const { send, bindings, changes, outcomes, trunk, clock } = setUp()
  const answer = send({ contacts: [here], expires: '300' })
  expect(answer.status).toBe(200)
  expect(headerValues(answer, 'Contact')).toEqual(['<sip:pbx1@192.0.2.10:5060>;expires=300'])
  expect(bindings.of(trunk.id).map((binding) => binding.contact)).toEqual(['sip:pbx1@192.0.2.10:5060'])
  expect(changes).toEqual(['registering'])
  expect([...outcomes.entries()]).toEqual([
    ['401', 1],
    ['200', 1],
  ])
  expect(registrationView(trunk, bindings, clock)).toMatchObject({
    trunk: 'registering',
    aor: 'sip:pbx1@pbx.example.com',
    contacts: [{ uri: 'sip:pbx1@192.0.2.10:5060', transport: 'udp', connected: true }],
  })
})

test('a wrong password binds nothing', () => {
  const { send, bindings } = setUp()
  expect(send({ contacts: [here] }, flow(), 'wrong horse').status).toBe(403)
  expect(bindings.count).toBe(0)
})

test.each([
  ['nobody', 'sip:nobody@pbx.example.com'],
  ['a trunk that does not register', 'sip:static@pbx.example.com'],
])('%s is challenged like anybody and then refused', (_, to) => {
  const { send, bindings, directory } = setUp()
  directory.importTrunk({ ...digestTrunk, auth: { ...digestTrunk.auth, username: 'static' } as typeof digestTrunk.auth })
  expect(send({ to, contacts: [here] }).status).toBe(403)
  expect(bindings.count).toBe(0)
})

test("one user's password does not register another's address-of-record", () => {
  const { send, bindings, directory } = setUp()
  directory.importTrunk({
    ...registeringTrunk,
    id: 'other',
    auth: { type: 'digest', username: 'pbx2', password: 'battery', algorithms: ['md5'] },
  })
  expect(send({ to: 'sip:pbx2@pbx.example.com', contacts: [here] }).status).toBe(403)
  expect(bindings.count).toBe(0)
})

test('the domain decides between two of one name, and any will do for one alone', () => {
  const { send, bindings, directory } = setUp()
  expect(send({ to: 'sip:pbx1@127.0.0.1', contacts: [here] }).status).toBe(200)
  directory.importTrunk({ ...registeringTrunk, id: 'twin', sip_domain: 'twin.example.com' })
  expect(send({ to: 'sip:pbx1@twin.example.com', contacts: [here] }).status).toBe(200)
  expect([...bindings.trunks()]).toEqual(['registering', 'twin'])
  expect(send({ to: 'sip:pbx1@127.0.0.1', contacts: [here], cseq: 9 }).status).toBe(403)
})

describe('expiry', () => {
  test('too short is refused with the least that is granted', () => {
    const { send, bindings } = setUp()
    const answer = send({ contacts: [here], expires: '59' })
    expect(answer.status).toBe(423)
    expect(headerValues(answer, 'Min-Expires')).toEqual(['60'])
    expect(bindings.count).toBe(0)
  })

  test('the contact parameter wins over the header, and an hour is the most', () => {
    const { send } = setUp()
    expect(headerValues(send({ contacts: [`${here};expires=120`], expires: '300' }), 'Contact')).toEqual([`${here};expires=120`])
    expect(headerValues(send({ contacts: [here], expires: '86400', cseq: 2 }), 'Contact')).toEqual([`${here};expires=3600`])
    expect(headerValues(send({ contacts: [here], cseq: 3 }), 'Contact')).toEqual([`${here};expires=3600`])
  })

  test('a binding goes when its time is up, and not before', () => {
    const { send, bindings, clock, changes } = setUp()
    send({ contacts: [here], expires: '60' })
    clock.advance(59_999)
    expect(bindings.count).toBe(1)
    clock.advance(1)
    expect(bindings.count).toBe(0)
    expect([...bindings.trunks()]).toEqual([])
    expect(changes).toHaveLength(2)
    expect(clock.pending).toBe(0)
  })

  test('a refresh puts it off', () => {
    const { send, bindings, clock } = setUp()
    send({ contacts: [here], expires: '60' })
    clock.advance(50_000)
    send({ contacts: [here], expires: '60', cseq: 2 })
    clock.advance(50_000)
    expect(bindings.count).toBe(1)
    expect(clock.pending).toBe(1)
  })
})

describe('several contacts', () => {
  const second = '<sip:pbx1@192.0.2.11:5060>'

  test('are kept, the newest first, and removed one by one', () => {
    const { send, bindings, trunk } = setUp()
    send({ contacts: [here] })
    send({ contacts: [second], cseq: 2 })
    expect(bindings.of(trunk.id).map((binding) => binding.contact)).toEqual(['sip:pbx1@192.0.2.11:5060', 'sip:pbx1@192.0.2.10:5060'])
    const answer = send({ contacts: [`${second};expires=0`], cseq: 3 })
    expect(headerValues(answer, 'Contact')).toEqual([`${here};expires=3600`])
  })

  test('asking without a Contact lists them and changes nothing', () => {
    const { send, changes } = setUp()
    send({ contacts: [here] })
    expect(headerValues(send({ cseq: 2 }), 'Contact')).toHaveLength(1)
    expect(changes).toHaveLength(1)
  })

  test('a star with Expires 0 removes them all; any other star is a mistake', () => {
    const { send, bindings } = setUp()
    send({ contacts: [here, second] })
    expect(send({ contacts: ['*'], cseq: 2 }).status).toBe(400)
    expect(send({ contacts: ['*', here], expires: '0', cseq: 3 }).status).toBe(400)
    expect(bindings.count).toBe(2)
    expect(send({ contacts: ['*'], expires: '0', cseq: 4 }).status).toBe(200)
    expect(bindings.count).toBe(0)
  })

  test('are bounded: a further one takes the place of the oldest', () => {
    const { send, bindings, trunk, clock } = setUp()
    for (let index = 0; index < 12; index += 1) send({ contacts: [`<sip:pbx1@192.0.2.10:${6000 + index}>`], cseq: index + 1 })
    expect(bindings.of(trunk.id).map((binding) => binding.uri.port)).toEqual([6011, 6010, 6009, 6008, 6007, 6006, 6005, 6004])
    expect(bindings.count).toBe(8)
    expect(clock.pending).toBe(8)
  })

  test('too many in one request are refused, and none is taken', () => {
    const { send, bindings } = setUp()
    expect(send({ contacts: Array.from({ length: 9 }, (_, index) => `<sip:pbx1@192.0.2.10:${6000 + index}>`) }).status).toBe(403)
    expect(bindings.count).toBe(0)
  })
})

test('a request that was overtaken by a newer one changes nothing', () => {
  const { send, bindings, trunk } = setUp()
  send({ contacts: [here], cseq: 5 })
  expect(send({ contacts: [`${here};expires=0`], cseq: 4 }).status).toBe(500)
  expect(send({ contacts: ['*'], expires: '0', cseq: 4 }).status).toBe(500)
  expect(bindings.of(trunk.id)).toHaveLength(1)
  expect(send({ contacts: [here], cseq: 1, callId: 'after-a-restart' }).status).toBe(200)
})

test('an unreadable Contact is refused', () => {
  const { send } = setUp()
  expect(send({ contacts: ['<mailto:me@example.com>'] }).status).toBe(400)
})

test('a trunk that goes takes its bindings along', () => {
  const { send, bindings, directory, clock } = setUp()
  directory.onTrunkGoing = (trunk) => bindings.clear(trunk.id)
  send({ contacts: [here] })
  directory.removeTrunk('registering', false)
  expect(bindings.count).toBe(0)
  expect(clock.pending).toBe(0)
})

test('closing lets go of every timer', () => {
  const { send, bindings, clock } = setUp()
  send({ contacts: [here] })
  bindings.close()
  expect(clock.pending).toBe(0)
})
