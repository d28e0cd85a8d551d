/** Finding one kind of content in a message's body (RFC 3261 7.4.1, RFC 5621). */
import type { SipMessage } from './message.ts'

/** The media type of a Content-Type value, lower case, without parameters. */
export const mediaType = (value: string | undefined): string => (value ?? '').split(';', 1)[0]!.trim().toLowerCase()

/** Multipart bodies with more parts than this are not searched further. */
const mostParts = 16

/** The content of this type: the body, or a part of a multipart body. Undefined where there is none. */
export function bodyPart(message: SipMessage, type: string): string | undefined {
  if (message.body.length === 0) return undefined
  const contentType = message.headers.get('Content-Type')
  const found = mediaType(contentType)
  if (found === type) return Buffer.from(message.body).toString('utf8')
  if (!found.startsWith('multipart/')) return undefined
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType ?? '')
  const mark = boundary?.[1] ?? boundary?.[2]
  if (mark === undefined) return undefined
  const text = `\r\n${Buffer.from(message.body).toString('utf8')}`
  for (const part of text.split(`\r\n--${mark}`, mostParts + 1).slice(1)) {
    const end = part.indexOf('\r\n\r\n')
    if (end < 0) continue
    const written = /^content-type\s*:\s*(.*)$/im.exec(part.slice(0, end))
    if (mediaType(written?.[1]) === type) return part.slice(end + 4)
  }
  return undefined
}
