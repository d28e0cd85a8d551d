import { expect, test } from 'vitest'
import { bodyPart } from './body-part.ts'
import { makeRequest } from './message.ts'

const invite = (contentType: string | undefined, body: string) =>
  makeRequest('INVITE', 'sip:bob@example.com', contentType === undefined ? [] : [['Content-Type', contentType]], body)

const sdp = 'v=0\r\ns=-\r\n'
const mixed = [
  '--gate 7',
  'Content-Type: application/isup; version=itu-t92+',
  'Content-Disposition: signal; handling=optional',
  '',
  'x--gate 7',
  '--gate 7',
  'Content-Disposition: session',
  'content-type : Application/SDP',
  '',
  `${sdp}`,
  '--gate 7--',
  '',
].join('\r\n')

test('the body itself, whatever the case and parameters of its type', () => {
  expect(bodyPart(invite('application/sdp', sdp), 'application/sdp')).toBe(sdp)
  expect(bodyPart(invite('Application/SDP ;charset=utf-8', sdp), 'application/sdp')).toBe(sdp)
})

test('a part of a multipart body', () => expect(bodyPart(invite('multipart/mixed;boundary="gate 7"', mixed), 'application/sdp')).toBe(sdp))

test.each([
  ['no body', 'application/sdp', ''],
  ['no type', undefined, sdp],
  ['another type', 'text/plain', sdp],
  ['no such part', 'multipart/mixed;boundary=x', mixed],
  ['no boundary', 'multipart/mixed', mixed],
])('nothing: %s', (_what, type, body) => expect(bodyPart(invite(type, body), 'application/sdp')).toBeUndefined())
