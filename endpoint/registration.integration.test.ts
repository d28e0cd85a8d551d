import { describe, expect, test } from 'vitest'
import { parseAuthorization } from '../protocol/sip/digest.ts'
import { FakeClock } from './fake-clock.ts'
import { RawPeer, TestAgent } from './fixtures/agents.ts'
import { Registration, type RegistrationOptions, type RegistrationStatus } from './registration.ts'

async function stage(more: Partial<RegistrationOptions> = {}) {
  const registrar = await RawPeer.open()
  const clock = new FakeClock()
  const alice = await TestAgent.open({ contactUser: 'alice' })
  const registration = new Registration({ agent: alice.agent, aor: registrar.uri('alice'), clock, random: () => 0.5, ...more })
  return {
    registrar,
    clock,
    alice,
    registration,
    nextState: () => new Promise<RegistrationStatus>((resolve) => registration.once('state', resolve)),
    async [Symbol.asyncDispose]() {
      await registration.stop({ unregister: false })
      await alice[Symbol.asyncDispose]()
      await registrar[Symbol.asyncDispose]()
    },
  }
}

test('registers, and refreshes before the lifetime the registrar granted is over', async () => {
  await using s = await stage({ expiresSeconds: 600 })
  const started = s.registration.start()
  const first = await s.registrar.request('REGISTER')
  expect(first.uri).toBe(`sip:127.0.0.1:${s.registrar.port}`)
  expect(first.headers.get('To')).toBe(`<${s.registrar.uri('alice')}>`)
  expect(first.headers.get('Expires')).toBe('600')
  const contact = first.headers.get('Contact')!
  expect(contact).toBe(`<sip:alice@127.0.0.1:${s.alice.port}>`)
  await s.registrar.reply(first, 200, { rows: [['Contact', `<sip:other@192.0.2.1>;expires=9, ${contact};expires=100`]] })
  expect(await started).toMatchObject({ state: 'registered', expiresSeconds: 100, flow: { transport: 'udp' } })
  s.clock.advance(79_000)
  expect(s.registrar.unread).toEqual([])
  s.clock.advance(2_000)
  const second = await s.registrar.request('REGISTER')
  expect(second.headers.get('Call-ID')).toBe(first.headers.get('Call-ID'))
  expect(second.headers.get('CSeq')).toBe('2 REGISTER')
})

test('answers a challenge once, and uses its nonce again', async () => {
  await using s = await stage({ credentials: { username: 'alice', password: 'secret' } })
  const started = s.registration.start()
  await s.registrar.reply(await s.registrar.request('REGISTER'), 401, {
    rows: [['WWW-Authenticate', 'Digest realm="r", nonce="n", qop="auth"']],
  })
  const authorized = await s.registrar.request('REGISTER')
  expect(parseAuthorization(authorized.headers.get('Authorization')!)).toMatchObject({ nonce: 'n', nc: '00000001' })
  await s.registrar.reply(authorized, 200)
  await started
  void s.registration.refresh()
  expect(parseAuthorization((await s.registrar.request('REGISTER')).headers.get('Authorization')!)).toMatchObject({
    nonce: 'n',
    nc: '00000002',
  })
})

test('423: asks for as long as the registrar wants', async () => {
  await using s = await stage({ expiresSeconds: 60 })
  const started = s.registration.start()
  await s.registrar.reply(await s.registrar.request('REGISTER'), 423, { rows: [['Min-Expires', '1800']] })
  const second = await s.registrar.request('REGISTER')
  expect(second.headers.get('Expires')).toBe('1800')
  await s.registrar.reply(second, 200)
  expect(await started).toMatchObject({ state: 'registered', expiresSeconds: 1800 })
})

describe('failure', () => {
  test('pauses grow, Retry-After is obeyed, success ends it', async () => {
    await using s = await stage()
    const started = s.registration.start()
    await s.registrar.reply(await s.registrar.request('REGISTER'), 403)
    expect(await started).toMatchObject({ state: 'failed', status: 403, retryInMs: 22_500 })
    for (const [status, rows, retryInMs] of [
      [500, [], 45_000],
      [503, [['Retry-After', '300']], 315_000],
    ] as const) {
      s.clock.advance(400_000)
      const request = await s.registrar.request('REGISTER')
      const failed = new Promise((resolve) => s.registration.on('state', (state) => state.state === 'failed' && resolve(state)))
      await s.registrar.reply(request, status, { rows: rows.map(([name, value]) => [name, value]) })
      expect(await failed).toMatchObject({ state: 'failed', status, retryInMs })
    }
    s.clock.advance(320_000)
    const request = await s.registrar.request('REGISTER')
    const registered = s.nextState()
    await s.registrar.reply(request, 200)
    expect(await registered).toMatchObject({ state: 'registered' })
  })

  test('the stream it registered on breaks: at once again', async () => {
    await using s = await stage()
    const over = new Registration({ agent: s.alice.agent, aor: `${s.registrar.uri('alice')};transport=tcp`, clock: s.clock })
    const started = over.start()
    const first = await s.registrar.request('REGISTER')
    expect(s.registrar.connectionOf(first).transport).toBe('tcp')
    await s.registrar.reply(first, 200)
    expect(await started).toMatchObject({ state: 'registered', flow: { transport: 'tcp' } })
    const lost = new Promise((resolve) => over.once('state', resolve))
    await s.registrar[Symbol.asyncDispose]()
    expect(await lost).toMatchObject({ state: 'failed' })
    await over.stop()
  })
})

test('stopping removes the binding', async () => {
  await using s = await stage()
  const started = s.registration.start()
  await s.registrar.reply(await s.registrar.request('REGISTER'), 200)
  await started
  const stopped = s.registration.stop()
  const last = await s.registrar.request('REGISTER')
  expect(last.headers.get('Expires')).toBe('0')
  await s.registrar.reply(last, 200)
  await stopped
  expect(s.registration.status).toEqual({ state: 'stopped' })
  expect(s.clock.pending).toBe(0)
})

test('stopping while it registers', async () => {
  await using s = await stage()
  const started = s.registration.start()
  await s.registrar.request('REGISTER')
  await s.registration.stop()
  expect(await started).toMatchObject({ state: 'failed', status: 487 })
  expect([s.registration.status, s.clock.pending]).toEqual([{ state: 'stopped' }, 0])
})
