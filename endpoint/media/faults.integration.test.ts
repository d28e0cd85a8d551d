/** Every fault a media session can commit, and what an honest other side sees of it. */

import { describe, expect, test } from 'vitest'
import { tonePair } from '../../protocol/audio/tone.ts'
import { parseSdp } from '../../protocol/sdp/session.ts'
import type { CodecName } from '../../protocol/sdp/types.ts'
import type { FaultName } from '../faults.ts'
import { connect, openSide, type Side, waitFor } from './testing.ts'
import type { ToneEvent } from './types.ts'

const pair = tonePair(20)
const clean = (tone: ToneEvent) => tone.pair?.join() === pair.join() && tone.purity > 0.9

/** Sends `123` from a side with a fault; says what the other side heard. */
async function digitsUnder(fault: FaultName, dtmf: 'rfc4733' | 'info') {
  await using saboteur = await openSide({ dtmf, faults: [fault] })
  await using honest = await openSide({ dtmf })
  connect(honest, saboteur)
  await saboteur.session.sendDigits('123', { durationMs: 40, gapMs: 40 })
  await honest.session.sendDigits('4', { durationMs: 40 })
  await expect.poll(() => saboteur.digits).toMatchObject([{ digit: '4', method: dtmf }])
  return {
    events: honest.digits
      .filter(({ method }) => method === 'rfc4733')
      .map(({ digit }) => digit)
      .join(''),
    infos: honest.digits
      .filter(({ method }) => method === 'info')
      .map(({ digit }) => digit)
      .join(''),
    unexpected: honest.session.stats().received.unexpectedPayloadTypes[101] ?? 0,
  }
}

describe('digits', () => {
  test.each([
    ['dtmf-lose', 'rfc4733', '13', ''],
    ['dtmf-lose', 'info', '', '13'],
    ['dtmf-double', 'rfc4733', '1223', ''],
    ['dtmf-double', 'info', '', '1223'],
    ['dtmf-other-method', 'rfc4733', '', '123'],
    ['dtmf-other-method', 'info', '123', ''],
    ['dtmf-leak', 'rfc4733', '123', '123'],
    ['dtmf-leak', 'info', '123', '123'],
  ] as const)('%s in a call by %s', async (fault, dtmf, events, infos) => {
    const heard = await digitsUnder(fault, dtmf)
    expect(heard).toMatchObject({ events, infos })
    expect(heard.unexpected > 0).toBe(dtmf === 'info' && events !== '')
  })
})

/** A call in which the called side has the fault and plays a pair, until the condition holds for what the caller hears. */
async function listen(
  codec: CodecName,
  fault: FaultName,
  condition: (tone: ToneEvent) => boolean,
): Promise<{ caller: Side; heard: ToneEvent }> {
  await using saboteur = await openSide({ codecs: [codec], faults: [fault] })
  await using caller = await openSide({ codecs: [codec] })
  connect(caller, saboteur)
  saboteur.session.play(pair)
  caller.session.play(tonePair(21))
  const [heard, back] = await Promise.all([
    waitFor(caller, 'tone', condition),
    waitFor(saboteur, 'tone', (tone) => tone.pair !== undefined && tone.purity > 0.9),
  ])
  expect(back.pair).toEqual(tonePair(21))
  return { caller, heard }
}

describe.each<CodecName>(['pcmu', 'pcma', 'opus'])('audio in %s', (codec) => {
  test('send-other-codec: the audio is right, its payload type is not', async () => {
    const { caller } = await listen(codec, 'send-other-codec', clean)
    const { received } = caller.session.stats()
    const other = codec === 'pcmu' ? 8 : 0
    expect(received.payloadTypes).toEqual({ [other]: received.packets })
    expect(received.unexpectedPayloadTypes).toEqual(received.payloadTypes)
  })

  test('silence: packets without sound', async () => {
    const { caller, heard } = await listen(codec, 'silence', (tone) => tone.pair === undefined && tone.levelDbm0 < -60)
    expect(heard.pair).toBeUndefined()
    expect(caller.session.stats().received.packets).toBeGreaterThan(4)
  })

  test("swap-audio: a neighbour's pair", async () => {
    const { heard } = await listen(codec, 'swap-audio', (tone) => tone.pair !== undefined && tone.purity > 0.9)
    expect(heard.pair).toEqual(tonePair(21))
  })

  test('clip: the pair, far too loud and at the limit', async () => {
    const { heard } = await listen(codec, 'clip', (tone) => tone.pair !== undefined && tone.levelDbm0 > -2)
    expect(heard.pair).toEqual(pair)
    expect(heard.peak).toBeGreaterThan(30_000)
  })
})

test('drop-packets: each twentieth is missing, the pair is heard all the same', async () => {
  await using saboteur = await openSide({ faults: ['drop-packets'] })
  await using caller = await openSide()
  connect(caller, saboteur)
  saboteur.session.play(pair)
  await waitFor(caller, 'tone', clean)
  await expect.poll(() => caller.session.stats().received.lost, { timeout: 10_000 }).toBe(3)
  const { received, mos } = caller.session.stats()
  expect(received.packets).toBeGreaterThanOrEqual(57)
  expect(received.packets).toBeLessThan(80)
  expect(mos).toBeLessThan(4)
  for (const tone of caller.tones) expect([pair.join(), undefined]).toContain(tone.pair?.join())
})

describe('answer-unoffered-codec', () => {
  test.each([
    [['pcmu'], 'pcma'],
    [['pcma'], 'pcmu'],
    [['opus'], 'pcma'],
    [['pcmu', 'pcma', 'opus'], 'g722'],
  ] as const)('an offer of %j is answered with %s', async (codecs, answered) => {
    await using caller = await openSide({ codecs, lenientAnswer: true })
    await using strict = await openSide({ codecs })
    await using saboteur = await openSide({ codecs: ['pcmu', 'pcma', 'opus'], faults: ['answer-unoffered-codec'] })

    const offered = strict.session.createOffer()
    const strange = saboteur.session.acceptOffer(offered)
    if (!strange.ok) throw new Error(strange.why)
    const parsed = parseSdp(strange.answer)
    expect(parsed.ok && parsed.session.media[0]!.formats.map(({ name }) => name)).toEqual([answered, 'telephone-event'])
    expect(strict.session.acceptAnswer(strange.answer)).toMatchObject({ ok: false, why: expect.stringContaining(answered) })

    connect(caller, saboteur)
    saboteur.session.play(pair)
    caller.session.play(tonePair(21))
    await Promise.all([waitFor(caller, 'tone', clean), waitFor(saboteur, 'tone', (tone) => tone.pair?.join() === tonePair(21).join())])
    await caller.session.sendDigits('5', { durationMs: 40 })
    await expect.poll(() => saboteur.digits).toMatchObject([{ digit: '5' }])
    expect(caller.session.negotiated!.codec).toBe(codecs[0])
    expect(caller.session.stats()).toMatchObject({
      departures: [expect.stringContaining(`${answered}/8000, which was not offered`)],
      received: { unexpectedPayloadTypes: {} },
    })
  })
})
