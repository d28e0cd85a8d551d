/** SIP messages out of a stream of bytes; what cannot be read is left out. */
import { StreamFramer } from '../../protocol/sip/framing.ts'
import type { SipMessage } from '../../protocol/sip/message.ts'
import { parseMessage } from '../../protocol/sip/parser.ts'

export class SipReader {
  readonly #framer = new StreamFramer()

  read(bytes: Uint8Array): SipMessage[] {
    return this.#framer.push(bytes).flatMap((frame) => {
      const parsed = frame.kind === 'message' ? parseMessage(frame.bytes, { stream: true }) : undefined
      return parsed?.ok ? [parsed.message] : []
    })
  }
}
