/**
 * The faults a media session can be told to commit (endpoint/faults.ts): each function turns
 * an honest value into what goes out instead, or returns it untouched.
 */

import { parse, write } from 'sdp-transform'
import { tonePair, tonePairIndex } from '../../protocol/audio/tone.ts'
import type { SdpSession } from '../../protocol/sdp/session.ts'
import type { Fingerprint } from '../../protocol/sdp/types.ts'
import type { FaultSet } from '../faults.ts'
import type { Sound } from './codec.ts'
import type { DigitStep } from './digit-queue.ts'
import type { AnswerSabotage } from './negotiation.ts'
import type { Seal, SendFormat } from './rtp-sender.ts'

/** `dtmf-lose`, `dtmf-double`, `dtmf-other-method`, `dtmf-leak`. */
export function digitSteps(digits: readonly string[], method: 'rfc4733' | 'info', faults: FaultSet): DigitStep[] {
  const other = method === 'rfc4733' ? 'info' : 'rfc4733'
  const methods = faults.has('dtmf-leak')
    ? ([method, other] as const)
    : faults.has('dtmf-other-method')
      ? ([other] as const)
      : ([method] as const)
  return digits.flatMap((digit, index) => {
    const step = { digit, methods }
    if (index !== 1) return [step]
    if (faults.has('dtmf-lose')) return []
    return faults.has('dtmf-double') ? [step, step] : [step]
  })
}

/** `silence`, `swap-audio`, `clip`. */
export function soundUnder(faults: FaultSet, sound: Sound | undefined): Sound | undefined {
  if (sound === undefined || faults.has('silence')) return undefined
  const pair = faults.has('swap-audio') ? tonePair((tonePairIndex(sound.pair) ?? -1) + 1) : sound.pair
  return { ...sound, pair, gain: faults.has('clip') ? 8 : sound.gain }
}

/** `send-other-codec`: another codec under its own static number. */
export function formatUnder(faults: FaultSet, format: SendFormat): SendFormat {
  if (!faults.has('send-other-codec')) return format
  return format.codec === 'pcmu' ? { codec: 'pcma', payloadType: 8, clockRate: 8000 } : { codec: 'pcmu', payloadType: 0, clockRate: 8000 }
}

/** What an unoffered answer may name, first choice first. */
const strangeFormats = [
  { payload: 8, codec: 'PCMA', rate: 8000 },
  { payload: 0, codec: 'PCMU', rate: 8000 },
  { payload: 9, codec: 'G722', rate: 8000 },
]

/** `answer-unoffered-codec`, `answer-savp`: what the answer says instead of what is done. `srtp-reuse-key`. */
export function answerUnder(faults: FaultSet): AnswerSabotage {
  return { text: answerTextUnder(faults), reuseKey: faults.has('srtp-reuse-key') }
}

function answerTextUnder(faults: FaultSet): AnswerSabotage['text'] {
  if (faults.has('answer-savp')) return (answer) => answer.replace(/^(m=audio \d+ )RTP\/AVP /m, '$1RTP/SAVP ')
  return faults.has('answer-unoffered-codec') ? unofferedCodec() : undefined
}

/** `dtls-other-fingerprint`: what descriptions say of our certificate. */
export function announcedUnder(faults: FaultSet, own: Fingerprint | undefined): Fingerprint | undefined {
  if (own === undefined || !faults.has('dtls-other-fingerprint')) return own
  return {
    ...own,
    value: own.value.replace(/[0-9A-F]{2}/g, (byte) => (255 - Number.parseInt(byte, 16)).toString(16).padStart(2, '0').toUpperCase()),
  }
}

/** How packets leave once they are keyed: by `seal`, which protects in place and returns the new length. `srtp-send-plain`, `srtp-wrong-tag-length`. */
export function sealUnder(faults: FaultSet, seal: Seal): Seal | undefined {
  if (faults.has('srtp-send-plain')) return undefined
  if (!faults.has('srtp-wrong-tag-length')) return seal
  return (bytes, length) => {
    const sealed = seal(bytes, length)
    return sealed === undefined ? undefined : sealed - 2
  }
}

/** The answer's audio names one codec the offer does not have, telephone-event stays. */
function unofferedCodec(): (answer: string, offer: SdpSession) => string {
  return (answer, offer) => {
    const description = parse(answer)
    for (const [index, line] of description.media.entries()) {
      if (line.port === 0) continue
      const offered = offer.media[index]?.formats.map((format) => format.name) ?? []
      const strange = strangeFormats.find((format) => !offered.includes(format.codec.toLowerCase())) ?? strangeFormats[2]!
      const events = line.rtp.filter((format) => format.codec === 'telephone-event')
      line.rtp = [strange, ...events]
      line.payloads = line.rtp.map((format) => format.payload).join(' ')
    }
    return write(description)
  }
}
