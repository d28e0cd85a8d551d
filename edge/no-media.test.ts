import { expect, test } from 'vitest'
import type { MediaOptions, MediaSession } from '../endpoint/media/types.ts'
import { signallingOnly, withSignallingOnly } from './no-media.ts'

const options: MediaOptions = { codecs: ['pcmu'], dtmf: 'rfc4733', host: '127.0.0.1' }
const factory = withSignallingOnly({ create: () => Promise.reject(new Error('a real session')) })
const offer = (formats: string): string =>
  `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP ${formats}\r\n`

test('only calls that want none go without media', async () => {
  await expect(factory.create(options)).rejects.toThrow('a real session')
  await expect(factory.create(signallingOnly(options))).resolves.toBeDefined()
})

test('an offer is answered inactive, naming no port that could be sent to', async () => {
  const media = await factory.create(signallingOnly(options))
  const accepted = media.acceptOffer(offer('0 8'))
  expect(accepted).toMatchObject({ ok: true, answer: expect.stringMatching(/m=audio 9 RTP\/AVP 0\r\n/) })
  expect(media.localSdp).toContain('a=inactive')
  expect(media.negotiated).toMatchObject({ codec: 'pcmu', direction: 'inactive' })
  expect(media.acceptOffer(offer('18'))).toMatchObject({ ok: false, status: 488 })
  expect(media.acceptOffer('nonsense')).toMatchObject({ ok: false, status: 488 })
})

test('an offer of its own is inactive too', async () => {
  const [ours, theirs]: MediaSession[] = await Promise.all([1, 2].map(() => factory.create(signallingOnly(options))))
  expect(ours!.acceptAnswer(offer('0'))).toMatchObject({ ok: false })
  const accepted = theirs!.acceptOffer(ours!.createOffer())
  if (!accepted.ok) throw new Error(accepted.why)
  expect(ours!.acceptAnswer(accepted.answer)).toEqual({ ok: true })
  expect(ours!.negotiated).toMatchObject({ direction: 'inactive' })
  await expect(ours!.sendDigits('1')).rejects.toThrow('no media')
})
