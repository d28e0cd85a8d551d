import { describe, expect, test } from 'vitest'
import { redactBytes, redactText, redactValue } from './redact.ts'

describe('credentials in SIP headers', () => {
  test('a digest response is masked and what explains a failure stays', () => {
    const header =
      'Authorization: Digest username="alice", realm="edge", nonce="n1", uri="sip:edge", response="6629fae49393a05397450978507c4ef1", algorithm=MD5'
    const redacted = redactText(`REGISTER sip:edge SIP/2.0\r\n${header}\r\n\r\n`)
    expect(redacted).not.toContain('6629fae4')
    expect(redacted).toContain(`response="${'*'.repeat(32)}"`)
    expect(redacted).toContain('username="alice", realm="edge", nonce="n1"')
    expect(redacted).toContain('algorithm=MD5')
  })

  test.each([
    ['Proxy-Authorization: Digest username="a", response = "SECRET"'],
    ['proxy-authorization : Digest response=SECRET, username="a"'],
    ['Authorization: Digest username="a",\r\n  response="SECRET"'],
    ['Authorization:\r\n Digest username="a", response="SECRET"'],
    ['Authorization: Digest username="a", response="SECRET'],
    ['Authorization: Basic SECRET'],
    ['Authorization: Bearer abc.SECRET'],
    ['Authorization: Unknown-Scheme a=1,\r\n\tb=SECRET'],
    ['Authentication-Info: rspauth="SECRET", nc=00000001'],
    ['Contact: <sip:alice:SECRET@10.0.0.1:5060>'],
  ])('%j', (header) => {
    const message = `OPTIONS sip:edge SIP/2.0\r\nCall-ID: x\r\n${header}\r\nContent-Length: 0\r\n\r\n`
    const redacted = redactText(message)
    expect(redacted).not.toContain('SECRET')
    expect(redacted).toHaveLength(message.length)
    expect(redacted).toContain('Content-Length: 0')
  })

  test('a challenge and a URI without a password stay as they are', () => {
    const text =
      'WWW-Authenticate: Digest realm="edge", nonce="abc"\r\nContact: <sip:alice@10.0.0.1:5060;transport=tcp>\r\nTo: sip:10.0.0.1:5060\r\n'
    expect(redactText(text)).toBe(text)
  })
})

describe('keys in SDP', () => {
  test('every SDES key is masked, lifetime and MKI stay', () => {
    const sdp =
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4;inline:QUJDREVGRw==|2^20|2:4\r\n'
    const redacted = redactText(sdp)
    expect(redacted).not.toMatch(/d0Rm|QUJD/)
    expect(redacted).toContain('|2^20|1:4;inline:')
    expect(redacted).toHaveLength(sdp.length)
  })

  test.each(['k=clear:SECRET', 'a=key-mgmt:mikey SECRET', 'a=ice-pwd:SECRET'])('%s', (line) => {
    expect(redactText(`v=0\r\n${line}\r\nm=audio 4000 RTP/AVP 0\r\n`)).not.toContain('SECRET')
  })
})

test.each([
  'trunkproof run --edge-token SECRET --json',
  'trunkproof run --token=SECRET',
  "TRUNKPROOF_TOKEN='SECRET' trunkproof run",
  '{"username":"alice","password":"SECRET"}',
])('secrets in commands and JSON: %s', (text) => {
  expect(redactText(text)).not.toContain('SECRET')
})

test('bytes keep their length, binary bodies their content', () => {
  const bytes = Buffer.concat([Buffer.from('Authorization: Digest response="abc"\r\n\r\n'), Buffer.from([0xff, 0x00, 0x80])])
  const redacted = redactBytes(bytes)
  expect(redacted).toHaveLength(bytes.length)
  expect(Buffer.from(redacted.subarray(-3))).toEqual(Buffer.from([0xff, 0x00, 0x80]))
  const plain = Buffer.from('OPTIONS sip:a SIP/2.0\r\n\r\n')
  expect(redactBytes(plain)).toBe(plain)
})

test('values are redacted at any depth', () => {
  expect(redactValue({ a: [{ sdp: 'k=clear:xyz' }], n: 1, none: null })).toEqual({ a: [{ sdp: 'k=clear:***' }], n: 1, none: null })
})
