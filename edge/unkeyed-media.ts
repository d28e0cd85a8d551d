/** The end of a call whose keys come to nothing: there is no session then, and no plain one instead (RFC 8643 section 3.2). */

import type { Call } from '../endpoint/user-agent-types.ts'

/** From the answer on: hangs up once a DTLS handshake fails, or has failed in early media already. */
export function endUnkeyed(call: Call): void {
  const { media } = call
  if (media === undefined) return
  const end = (reason: string): void => {
    // A handshake that was done and is taken down is the other side's good-bye; its BYE follows.
    if (media.negotiated?.keying === 'dtls' && media.stats().protection.handshake === 'failed') void call.hangup({ reason })
  }
  media.on('protection', (event) => {
    if (event.state === 'failed') end(event.why)
  })
  end('the keys of media could not be agreed on')
}
