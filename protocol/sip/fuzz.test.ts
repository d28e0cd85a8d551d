import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Frame, StreamFramer } from './framing.ts'
import { formatNameAddr, formatVia, type NameAddr, parseNameAddr, parseVia, type Via } from './headers.ts'
import { HeaderMap, makeRequest, type SipMessage } from './message.ts'
import { generator, mutate } from './mutation.ts'
import { type Parsed, parseMessage } from './parser.ts'
import { serialize } from './serializer.ts'
import { formatUri, parseUri, type SipUri, uriEquals } from './uri.ts'

/** Mutations to try: few beside every change, 100,000 in the full suite. */
const runs = Number(process.env.FUZZ_RUNS ?? 5_000)

const tokenCharacters = "abcxyzABCXYZ0189-.!%*_+`'~"
const token = fc.string({ unit: fc.constantFrom(...tokenCharacters), minLength: 1, maxLength: 12 })
/** Text a header value can hold: no line ends, no white space around it. */
const valueText = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .map((text) =>
    text
      .replace(/[\r\n\t]/g, ' ')
      .toWellFormed()
      .trim(),
  )
  .filter((text) => !/^[ \t]|[ \t]$/.test(text))
const host = fc.oneof(fc.constantFrom('example.com', '192.0.2.1', '2001:db8::1', 'localhost'))
const port = fc.option(fc.integer({ min: 0, max: 65535 }), { nil: undefined })
const headerParams = fc
  .array(
    fc.tuple(
      token.map((name) => name.toLowerCase()),
      fc.option(token, { nil: undefined }),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => new Map(pairs))

const via: fc.Arbitrary<Via> = fc
  .record({ transport: fc.constantFrom('UDP', 'TCP', 'TLS', 'WS'), host, port, params: headerParams })
  .map(({ port, ...rest }) => (port === undefined ? rest : { ...rest, port }))

const uriText = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.toWellFormed())
const sipUri: fc.Arbitrary<SipUri> = fc
  .record({
    scheme: fc.constantFrom('sip' as const, 'sips' as const),
    user: fc.option(
      uriText.filter((text) => text.length > 0),
      { nil: undefined },
    ),
    password: fc.option(uriText, { nil: undefined }),
    host,
    port,
    params: fc
      .array(
        fc.tuple(
          uriText.map((name) => name.toLowerCase()).filter((name) => name.length > 0),
          fc.option(uriText, { nil: undefined }),
        ),
        { maxLength: 3 },
      )
      .map((pairs) => new Map(pairs)),
    headers: fc
      .array(
        fc.tuple(
          uriText.map((name) => name.toLowerCase()).filter((name) => name.length > 0),
          uriText,
        ),
        { maxLength: 3 },
      )
      .map((pairs) => new Map(pairs)),
  })
  .map(({ user, password, port, ...rest }) => ({
    ...rest,
    ...(user === undefined ? {} : { user }),
    ...(user === undefined || password === undefined ? {} : { password }),
    ...(port === undefined ? {} : { port }),
  }))

const nameAddr: fc.Arbitrary<NameAddr> = fc
  .record({ displayName: valueText, uri: sipUri.map(formatUri), params: headerParams })
  .map(({ displayName, ...rest }) => (displayName === '' ? rest : { displayName, ...rest }))

const otherRow = fc.tuple(
  token.map((name) => `X-${name}`),
  valueText,
)

const message: fc.Arbitrary<SipMessage> = fc
  .record({
    method: token.filter((method) => !method.toUpperCase().startsWith('SIP/')),
    uri: sipUri.map((uri) => formatUri({ ...uri, headers: new Map() })),
    response: fc.option(fc.record({ status: fc.integer({ min: 100, max: 699 }), reason: valueText }), { nil: undefined }),
    vias: fc.array(via, { minLength: 1, maxLength: 3 }),
    from: nameAddr,
    to: nameAddr,
    contacts: fc.array(nameAddr, { maxLength: 2 }),
    callId: token,
    cseq: fc.nat({ max: 0x7fff_ffff }),
    others: fc.array(otherRow, { maxLength: 4 }),
    body: fc.uint8Array({ maxLength: 40 }),
  })
  .map((parts) => {
    const request = makeRequest(
      parts.method,
      parts.uri,
      [
        ...parts.vias.map((value): [string, string] => ['Via', formatVia(value)]),
        ['From', formatNameAddr(parts.from)],
        ['To', formatNameAddr(parts.to)],
        ['Call-ID', parts.callId],
        ['CSeq', `${parts.cseq} ${parts.method}`],
        ...parts.contacts.map((value): [string, string] => ['Contact', formatNameAddr(value)]),
        ...parts.others,
        ['Content-Length', String(parts.body.length)],
      ],
      parts.body,
    )
    const { headers, body } = request
    return parts.response === undefined ? request : { type: 'response', ...parts.response, headers, body }
  })

/** A message as plain values. */
function plain({ headers, body, ...start }: SipMessage) {
  return { ...start, rows: [...headers.entries()], body: [...body] }
}

describe('what is written is read again', () => {
  test('a message', () => {
    fc.assert(
      fc.property(message, (value) => {
        const parsed = parseMessage(serialize(value))
        if (!parsed.ok) throw new Error(`${parsed.error.rule}: ${parsed.error.detail}`)
        expect(plain(parsed.message)).toEqual(plain(value))
      }),
      { numRuns: 300 },
    )
  })

  test('a Via', () =>
    fc.assert(
      fc.property(via, (value) => {
        expect(parseVia(formatVia(value))).toEqual(value)
      }),
    ))

  test('an address', () =>
    fc.assert(
      fc.property(nameAddr, (value) => {
        expect(parseNameAddr(formatNameAddr(value))).toEqual(value)
      }),
    ))

  test('a URI, and it equals itself', () =>
    fc.assert(
      fc.property(sipUri, (value) => {
        const parsed = parseUri(formatUri(value))
        expect(parsed).toEqual(value)
        expect(uriEquals(parsed!, value)).toBe(true)
      }),
    ))

  test('a list of values, split where they were joined', () =>
    fc.assert(
      fc.property(fc.array(nameAddr.map(formatNameAddr), { minLength: 1, maxLength: 4 }), (values) => {
        expect(new HeaderMap([['Contact', values.join(' , ')]]).list('m')).toEqual(values)
      }),
    ))
})

/** What holds of every answer of the parser; plain comparisons, as `expect` would cost more than what it checks. */
function complaint(bytes: Buffer, parsed: Parsed): string | undefined {
  if (!parsed.ok) {
    const { offset, line, rule, status, message } = parsed.error
    if (!(offset >= 0 && offset <= bytes.length)) return `offset ${offset} of ${bytes.length}`
    if (!(line >= 0)) return `line ${line}`
    if (!/^(rfc\d+\/[\d.]+|limit\/\w+)$/.test(rule)) return `rule ${rule}`
    return status !== undefined && message?.type !== 'request' ? 'a status, but no request to answer' : undefined
  }
  // What was accepted can be forwarded, and says the same to the next element.
  const written = serialize(parsed.message)
  const again = parseMessage(written)
  if (!again.ok) return `written, it is refused: ${again.error.rule} ${again.error.detail}`
  const rewritten = serialize(again.message)
  return Buffer.compare(written, rewritten) === 0 ? undefined : 'written twice, it differs'
}

test(`${runs} mutated messages: never an exception, and what is accepted stays the same when written`, () => {
  let accepted = 0
  for (let run = 0; run < runs; run += 1) {
    const bytes = mutate(run)
    const parsed = parseMessage(bytes, run % 3 === 0 ? { stream: true } : {})
    if (parsed.ok) accepted += 1
    const wrong = complaint(bytes, parsed)
    if (wrong !== undefined) throw new Error(`run ${run}: ${wrong}\n${JSON.stringify(bytes.toString('latin1'))}`)
  }
  // Were nearly all refused at the first byte, this test would try nothing.
  expect(accepted).toBeGreaterThan(runs / 20)
})

test('mutated streams: never an exception, never more held than one message, the same frames however they are cut', () => {
  for (let run = 0; run < runs / 10; run += 1) {
    const random = generator(run + 77)
    const stream = Buffer.concat([mutate(run), Buffer.from('\r\n\r\n'), mutate(run + runs)])
    const inPieces = new StreamFramer()
    const pieces: Frame[] = []
    for (let at = 0; at < stream.length; ) {
      const next = Math.min(stream.length, at + 1 + random(200))
      pieces.push(...inPieces.push(stream.subarray(at, next)))
      at = next
    }
    const messages = (frames: readonly Frame[]) =>
      frames.map((frame) =>
        frame.kind === 'message' ? Buffer.from(frame.bytes).toString('latin1') : frame.kind === 'malformed' ? frame.error.rule : '',
      )
    expect(messages(pieces).filter(Boolean)).toEqual(messages(new StreamFramer().push(stream)).filter(Boolean))
    expect(inPieces.pending).toBeLessThanOrEqual(stream.length)
  }
})
