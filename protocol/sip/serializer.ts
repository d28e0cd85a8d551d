/** SIP message to bytes: CRLF line ends, one row a line, Content-Length counted, never taken from the headers. */
import type { SipMessage } from './message.ts'

/**
 * Exact bytes of a message. Throws on a row or start line that would break out of its line: whoever puts foreign text
 * into a header must have cleaned it.
 */
export function serialize(message: SipMessage): Uint8Array {
  const { body } = message
  let head = startLine(message)
  message.headers.forEach((name, value, key) => {
    if (key === 'content-length') return
    refuseLineBreak(name)
    refuseLineBreak(value)
    head += `${name}: ${value}\r\n`
  })
  head += `Content-Length: ${body.length}\r\n\r\n`
  if (body.length === 0) return Buffer.from(head, 'utf8')
  const headLength = Buffer.byteLength(head, 'utf8')
  const bytes = Buffer.allocUnsafe(headLength + body.length)
  bytes.write(head, 0, 'utf8')
  bytes.set(body, headLength)
  return bytes
}

function startLine(message: SipMessage): string {
  if (message.type === 'response') {
    refuseLineBreak(message.reason)
    return `SIP/2.0 ${message.status} ${message.reason}\r\n`
  }
  refuseLineBreak(message.method)
  refuseLineBreak(message.uri)
  return `${message.method} ${message.uri} SIP/2.0\r\n`
}

function refuseLineBreak(text: string): void {
  if (text.includes('\n') || text.includes('\r')) throw new Error(`line break inside a SIP line: ${JSON.stringify(text.slice(0, 80))}`)
}
