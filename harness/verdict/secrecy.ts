/** Expectations on what nobody may read: keys in a log, what encrypted signalling says on the path, plain audio of a trunk that demands SRTP. */

import type { CellEvidence } from '../evidence/cell-evidence.ts'
import type { SendingKey } from '../evidence/protection.ts'
import { describedKeys } from '../evidence/protection.ts'
import { always, type Expectation, type Finding, fail, inconclusive, pass } from './expectation.ts'

/** Shorter pieces of a key may stand in a log by chance. */
const leastLetters = 16

function noKeysInLogs(evidence: CellEvidence): Finding {
  const expected = 'no key of the call in the log of either side'
  const keys = [
    ...describedKeys(evidence.call).map(({ crypto }) => crypto),
    ...Object.values(evidence.srtpKeys).flatMap((sending) => sending.map(({ master }) => master)),
  ]
  if (keys.length === 0) return inconclusive(expected, 'the keys are not known')
  const spellings = new Set(keys.flatMap(spellingsOf))
  const logs = { edge: evidence.edgeLog, peer: evidence.peer.log.join('\n') }
  for (const [side, log] of Object.entries(logs)) {
    if (log === undefined) continue
    const line = log.split('\n').find((text) => [...spellings].some((key) => text.includes(key)))
    // Not the line itself: what is said here is kept, and read by more people than the log.
    if (line !== undefined)
      return fail(expected, `the log of the ${side} has one`, { cause: 'whoever reads the log can decrypt the audio' })
  }
  return pass(expected, evidence.edgeLog === undefined ? 'none in the log of the peer' : 'none')
}

/** As products write keys: base64 of key and salt together or of the key alone, and hexadecimal. */
function spellingsOf({ key, salt }: SendingKey['master']): string[] {
  const both = Buffer.concat([key, salt])
  const base64 = [both, Buffer.from(key)].map((bytes) => bytes.toString('base64').replace(/=+$/, ''))
  const hex = Buffer.from(key).toString('hex')
  return [...base64, hex, hex.toUpperCase()].filter((text) => text.length >= leastLetters)
}

/** What only the two sides of an encrypted connection know: custom headers, and the name of the call. */
function privateWords({ trace, call }: CellEvidence): string[] {
  const words = new Set<string>()
  for (const { wire, message } of trace.messages) {
    if (wire.transport !== 'tls') continue
    for (const [name, value] of message.headers.entries()) if (/^x-/i.test(name) && value.length >= leastLetters) words.add(value)
  }
  if (call !== undefined && call.callId.length >= leastLetters) words.add(call.callId)
  return [...words]
}

/** Judged by every byte that was seen on the path: below TLS where the peer sees that, in RTP, and in what came beside TLS. */
function headersPrivate(evidence: CellEvidence): Finding {
  const expected = 'what TLS hides is nowhere in clear on the path'
  const { peer } = evidence
  const words = privateWords(evidence)
  if (words.length === 0) return inconclusive(expected, 'no message came over TLS')
  const clear = peer.sip.findIndex((wire) => wire.transport !== 'tls' && holds(wire.bytes, words))
  if (clear >= 0) {
    return fail(expected, `a header was repeated over ${peer.sip[clear]!.transport.toUpperCase()}`, {
      message: clear + 1,
      cause: 'somebody writes what was said over TLS to where everybody can read it',
    })
  }
  const packet = peer.rtp.findIndex((wire) => holds(wire.bytes, words))
  if (packet >= 0) return fail(expected, 'a header was repeated on the media path', { packet: packet + 1 })
  // A direction of a connection is one text: a word may be cut by the end of a segment.
  const directions = Map.groupBy(peer.path ?? [], ({ dir, local, remote }) => `${dir} ${local.port} ${remote.port}`)
  for (const wires of directions.values()) {
    if (holds(Buffer.concat(wires.map(({ bytes }) => bytes)), words))
      return fail(expected, 'the TLS connection carries it in clear', { cause: 'the connection uses no encryption' })
  }
  const bytes = peer.path?.reduce((sum, wire) => sum + wire.bytes.length, 0)
  return pass(expected, bytes === undefined ? 'every message came out of TLS records' : `${bytes} bytes of TLS hold none of it`)
}

const holds = (bytes: Uint8Array, words: readonly string[]): boolean => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return words.some((word) => text.includes(word))
}

/** A description that must not be agreed to is refused with 488 (RFC 3261 section 21.4.26); `cause` is that of an acceptance. */
const refused =
  (expected: string, cause: string) =>
  ({ refusal, call }: CellEvidence): Finding => {
    if (refusal === undefined) return inconclusive(expected, 'no such call was tried')
    if (refusal === 488) return pass(expected, '488')
    return fail(expected, refusal === 0 ? 'no final response' : String(refusal), {
      message: call?.responses.at(-1)?.number,
      cause: refusal < 300 && refusal > 0 ? cause : undefined,
    })
  }

export const secrecyExpectations: readonly Expectation[] = [
  {
    id: 'secure.no-keys-in-logs',
    title: 'No key is logged',
    clause: always('secure.media-encrypted'),
    applies: (axes) => axes.media !== 'rtp',
    after: ['media.profile', 'media.keying', 'call.established', 'dialog.contact', 'codec.negotiated'],
    judge: noKeysInLogs,
    remedy: 'lower the log level, or mask a=crypto in the log of SIP messages',
  },
  {
    id: 'secure.header-privacy',
    title: 'Nobody on the path reads what TLS hides',
    clause: always('secure.signalling-privacy'),
    applies: (axes) => axes.transport === 'tls',
    after: ['transport.signalling'],
    judge: headersPrivate,
    remedy: 'look for a second transport, a mirror port or a logger that repeats messages in clear',
  },
  {
    id: 'secure.plain-refused',
    title: 'Plain RTP is refused where SRTP is required',
    clause: always('secure.demanded'),
    applies: (axes) => axes.transport === 'tls' && axes.media === 'rtp',
    after: [],
    judge: refused(
      'a call that offers plain RTP alone is refused with 488',
      'encryption that is required is given up when the other side asks for it',
    ),
    remedy: 'set the trunk’s media encryption to required, without a fallback',
  },
  {
    id: 'secure.clear-refused',
    title: 'SRTP is refused where everybody reads its keys',
    clause: always('secure.media-needs-signalling'),
    applies: (axes) => axes.transport !== 'tls',
    after: [],
    judge: refused(
      'a call that demands SRTP over clear signalling is refused with 488',
      'keys are taken from a message everybody can read',
    ),
    remedy: 'take SRTP over TLS alone',
  },
]
