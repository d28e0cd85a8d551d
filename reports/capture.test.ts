import { expect, test } from 'vitest'
import { readCaptureWires } from '../protocol/capture/capture-wires.ts'
import { evidenceCapture } from './capture.ts'

test('a capture keeps its lengths and loses its secrets', () => {
  const bytes = Buffer.from(
    'REGISTER sip:edge SIP/2.0\r\nAuthorization: Digest username="a", response="0123456789abcdef"\r\nContent-Length: 0\r\n\r\n',
  )
  const address = { address: '127.0.0.1', port: 5060 }
  const sip = [{ at: 0, dir: 'out', transport: 'tcp', local: address, remote: { ...address, port: 32681 }, bytes }] as const
  const read = readCaptureWires(evidenceCapture({ sip, rtp: [] }).bytes, () => true)
  if (!read.ok) throw new Error(read.error)
  const text = Buffer.from(read.wires.sip[0]!.bytes).toString()
  expect(text).toHaveLength(bytes.length)
  expect(text).toContain('username="a", response="****************"')
})
