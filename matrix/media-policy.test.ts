import { expect, test } from 'vitest'
import { type MediaPolicy, mediaOutcome, mediaPolicies } from './media-policy.ts'

/** Rows are offerers, columns answerers, both in the order of `mediaPolicies`; `-` is no call. */
// biome-ignore format: a table is read by its columns
const table: Readonly<Record<MediaPolicy, readonly string[]>> = {
  // answerer:         rtp-only  optional-sdes  optional-dtls  optional-both  mandatory-sdes  mandatory-dtls
  'rtp-only':         ['rtp',    'rtp',         'rtp',         'rtp',         '-',            '-'],
  'optional-sdes':    ['rtp',    'sdes',        'rtp',         'sdes',        'sdes',         '-'],
  'optional-dtls':    ['rtp',    'rtp',         'dtls',        'dtls',        '-',            'dtls'],
  'optional-both':    ['rtp',    'sdes',        'dtls',        'sdes|dtls',   'sdes',         'dtls'],
  'mandatory-sdes':   ['-',      'sdes',        '-',           'sdes',        'sdes',         '-'],
  'mandatory-dtls':   ['-',      '-',           'dtls',        'dtls',        '-',            'dtls'],
}

const word = (offerer: MediaPolicy, answerer: MediaPolicy): string => {
  const { keyings } = mediaOutcome(offerer, answerer)
  if (keyings === undefined) return '-'
  return keyings.length === 0 ? 'rtp' : keyings.join('|')
}

test.each(mediaPolicies)('an offer by %s', (offerer) => {
  expect(mediaPolicies.map((answerer) => word(offerer, answerer))).toEqual(table[offerer])
})

test('whoever demands encryption never gets plain RTP, and whoever knows no keys never gets SRTP', () => {
  for (const one of mediaPolicies) {
    for (const other of mediaPolicies) {
      for (const { keyings } of [mediaOutcome(one, other), mediaOutcome(other, one)]) {
        if (one.startsWith('mandatory')) expect(keyings).not.toEqual([])
        if (one === 'rtp-only') expect(keyings ?? []).toEqual([])
      }
    }
  }
})

test('names the clause that settles it', () => {
  const rules = mediaPolicies.map((offerer) => mediaOutcome(offerer, 'optional-both').rule)
  expect(rules).toEqual([
    'RFC 3264 section 6',
    'RFC 8643 section 3',
    'RFC 8643 section 3',
    'RFC 8643 section 3',
    'RFC 4568 section 7.1.2',
    'RFC 5763 section 5',
  ])
})
