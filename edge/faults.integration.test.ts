import { expect, test } from 'vitest'
import { EdgeProcess } from './edge-process.ts'
import { confirmed, ended, Phone } from './test-phone.ts'

const trunk = {
  id: 't1',
  name: 'T',
  auth: { type: 'digest', username: 'pbx1', password: 'correct horse' },
  registration: 'register',
  sip_domain: 'pbx.example.com',
}
const wrong = { username: 'pbx1', password: 'wrong' }

async function setUp(...faults: string[]) {
  const edge = await EdgeProcess.start(...faults.flatMap((fault) => ['--fault', fault]))
  const phone = await Phone.start()
  await edge.ask('POST', '/v1/bulk', { trunks: [trunk], numbers: [{ number: '+12065550100', trunk: 't1' }] })
  const uri = `sip:127.0.0.1:${edge.port('udp')}`
  return {
    edge,
    dial: (credentials?: typeof wrong) => phone.dial(`sip:+12065550100@127.0.0.1:${edge.port('udp')}`, credentials),
    register: (password?: string) =>
      phone.register({ edge: uri, username: 'pbx1', contact: phone.uri('pbx1'), ...(password !== undefined && { password }) }),
    async [Symbol.asyncDispose]() {
      await phone[Symbol.asyncDispose]()
      await edge[Symbol.asyncDispose]()
    },
  }
}

test('an honest edge does none of these', async () => {
  await using peer = await setUp()
  expect(await peer.edge.ask('GET', '/v1/info')).toMatchObject({ faults: [] })
  expect(await ended(peer.dial())).toMatchObject({ status: 401 })
  expect(await ended(peer.dial(wrong))).toMatchObject({ status: 403 })
  expect((await peer.register()).status).toBe(401)
  expect((await peer.register('wrong')).status).toBe(403)
})

test('skip-digest lets a call in unchallenged, and says that it is planted', async () => {
  await using peer = await setUp('skip-digest')
  expect(await peer.edge.ask('GET', '/v1/info')).toMatchObject({ faults: ['skip-digest'] })
  const call = peer.dial()
  await confirmed(call)
  await call.hangup()
  expect((await peer.register()).status).toBe(401)
})

test('accept-wrong-password takes any password after the challenge', async () => {
  await using peer = await setUp('accept-wrong-password')
  expect(await ended(peer.dial())).toMatchObject({ status: 401 })
  const call = peer.dial(wrong)
  await confirmed(call)
  await call.hangup()
  expect((await peer.register('wrong')).status).toBe(200)
})

test('register-unchallenged takes a REGISTER as it comes', async () => {
  await using peer = await setUp('register-unchallenged')
  expect((await peer.register()).status).toBe(200)
  expect(await ended(peer.dial())).toMatchObject({ status: 401 })
})
