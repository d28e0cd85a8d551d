/**
 * Digits in SIP INFO bodies, in the two forms that are in use: `application/dtmf-relay`
 * (`Signal=5`, `Duration=160`) and `application/dtmf` (the bare digit). No RFC defines
 * them; the reading side takes what products send: blanks, either case, missing duration, event numbers.
 */

import { digitOfEvent, eventOfDigit } from './telephone-event.ts'

export const dtmfRelayType = 'application/dtmf-relay'

export interface InfoDigit {
  readonly digit: string
  /** 0 when the body does not say. */
  readonly durationMs: number
}

/** The body of an `application/dtmf-relay` INFO. */
export function formatDtmfRelay(digit: string, durationMs: number): string {
  return `Signal=${digit}\r\nDuration=${durationMs}\r\n`
}

/** Reads the digit of an INFO; undefined when the type is another or the body holds no digit. */
export function parseInfoDigit(contentType: string, body: string): InfoDigit | undefined {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'application/dtmf') {
    const digit = readDigit(body.trim())
    return digit === undefined ? undefined : { digit, durationMs: 0 }
  }
  if (type !== dtmfRelayType) return undefined
  const signal = /^[ \t]*signal[ \t]*=[ \t]*(\S{1,2})[ \t]*$/im.exec(body)?.[1]
  const duration = /^[ \t]*duration[ \t]*=[ \t]*(\d{1,6})[ \t]*$/im.exec(body)?.[1]
  const digit = signal === undefined ? undefined : readDigit(signal)
  return digit === undefined ? undefined : { digit, durationMs: Number(duration ?? 0) }
}

/** A digit as such, or as its event number: 10 is `*`, 11 `#`, 12-15 A-D, 16 a flash. */
function readDigit(text: string): string | undefined {
  if (/^1[0-6]$/.test(text)) return digitOfEvent(Number(text))
  const event = eventOfDigit(text)
  return event === undefined ? undefined : digitOfEvent(event)
}
