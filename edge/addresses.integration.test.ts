import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { tonePair } from '../protocol/audio/tone.ts'
import { EdgeProcess } from './edge-process.ts'
import { confirmed, hears, Phone } from './test-phone.ts'

const tone = tonePair(9)

/** A call in and a call out, with audio, between these addresses. Returns the description the edge sent on each. */
async function callBothWays(edge: EdgeProcess, host: string): Promise<string[]> {
  await using phone = await Phone.start({ host })
  const bracketed = host.includes(':') ? `[${host}]` : host
  await edge.ask('POST', '/v1/numbers', {
    number: '+12065550100',
    sip_domain: 'pbx.example.com',
    allowed_addresses: [host],
    outbound_proxy: `sip:${bracketed}:${phone.port('udp')}`,
    agent: { tone },
  })
  const inbound = phone.dial(`sip:+12065550100@${bracketed}:${edge.port('udp')}`)
  await confirmed(inbound)
  await hears(inbound, tone)
  await inbound.hangup()
  const taking = phone.takes()
  await edge.ask('POST', '/v1/calls', { number: '+12065550100', to: '+12065550147', agent: { tone } })
  const outbound = await taking
  await phone.answer(outbound)
  await hears(outbound, tone)
  await outbound.hangup()
  return [inbound, outbound].map((call) => call.media?.remoteSdp ?? '')
}

test('listening on all addresses, it names the one the peer can reach', async () => {
  await using edge = await EdgeProcess.start('--host', '0.0.0.0', '--http-host', '127.0.0.1')
  for (const sdp of await callBothWays(edge, '127.0.0.1')) expect(sdp).toContain('c=IN IP4 127.0.0.1')
})

const loopback6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))

test.skipIf(!loopback6)('it speaks IPv6', async () => {
  await using edge = await EdgeProcess.start('--host', '::1')
  for (const sdp of await callBothWays(edge, '::1')) expect(sdp).toContain('c=IN IP6 ::1')
})

test('it names the address it is told to', async () => {
  await using edge = await EdgeProcess.start('--host', '127.0.0.1', '--advertise', '127.0.0.3')
  await using phone = await Phone.start()
  await edge.ask('POST', '/v1/numbers', { number: '+12065550100', sip_domain: 'pbx.example.com', allowed_addresses: ['127.0.0.1'] })
  const call = phone.dial(`sip:+12065550100@127.0.0.1:${edge.port('udp')}`)
  // The ACK goes where Contact says, and there is nobody: only the answer can be looked at.
  await new Promise((resolve) => call.once('answered', resolve))
  expect(call.media?.remoteSdp).toContain('c=IN IP4 127.0.0.3')
  expect(call.response?.headers.get('Contact')).toContain('@127.0.0.3:')
})
