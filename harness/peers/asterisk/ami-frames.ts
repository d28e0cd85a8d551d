/**
 * The wire format of the Asterisk Manager: lines of `Name: value`, a blank line ends a
 * message. Pure: bytes in, messages out.
 */

/** One message; names in lower case. A name that repeats keeps its values joined by a line feed. */
export type AmiMessage = ReadonlyMap<string, string>

/** Longer than anything Asterisk sends here; a peer that exceeds it is not Asterisk. */
const maxMessageLength = 1 << 20

/** A message was too long: the connection can no longer be read. */
export class AmiOverflow extends Error {
  constructor() {
    super(`the manager sent ${maxMessageLength} characters without an end of message`)
    this.name = 'AmiOverflow'
  }
}

/** Cuts a stream into messages. The greeting line has no colon and is dropped. */
export class AmiFrames {
  #rest = ''

  /** Throws {@link AmiOverflow}. */
  push(chunk: string): AmiMessage[] {
    const messages: AmiMessage[] = []
    let text = this.#rest + chunk
    for (;;) {
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) break
      messages.push(parse(text.slice(0, end)))
      text = text.slice(end + 4)
    }
    if (text.length > maxMessageLength) throw new AmiOverflow()
    this.#rest = text
    return messages
  }
}

function parse(text: string): AmiMessage {
  const message = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).replace(/^ /, '')
    const earlier = message.get(name)
    message.set(name, earlier === undefined ? value : `${earlier}\n${value}`)
  }
  return message
}

/** Writes an action. Throws RangeError on a value that would break the framing. */
export function formatAction(name: string, fields: Readonly<Record<string, string>>): string {
  const rows = Object.entries({ Action: name, ...fields })
  for (const [key, value] of rows) {
    if (/[\r\n]/.test(value)) throw new RangeError(`the value of ${key} holds a line break`)
  }
  return `${rows.map(([key, value]) => `${key}: ${value}`).join('\r\n')}\r\n\r\n`
}
