/** What is shown of a call to who asked to have it traced: its SIP messages and its keys. */

import type { SrtpKeys } from '../endpoint/media/types.ts'
import type { SipWire } from '../protocol/wire.ts'
import { snakeCase, type TraceView } from './api/views.ts'
import { type CallRecord, tlsView } from './call-record.ts'

/** `traces` are those of its INVITEs, in order. */
export function traceView(
  record: CallRecord,
  traces: readonly { readonly messages: readonly SipWire[]; readonly truncated: boolean }[],
): TraceView {
  const media = record.media()
  return {
    sip: traces
      .flatMap(({ messages }) => messages)
      .map(({ at, dir, transport, local, remote, tls, bytes }) => ({
        at,
        dir,
        transport,
        local: { ...local },
        remote: { ...remote },
        bytes: Buffer.from(bytes).toString('base64'),
        ...(tls !== undefined && { tls: tlsView(tls) }),
      })),
    truncated: traces.some(({ truncated }) => truncated),
    rtp_summary: media === undefined ? null : (snakeCase(media) as Record<string, unknown>),
    ...(record.keys.length > 0 && { srtp_keys: record.keys.map(keysView) }),
  }
}

/** Master key and salt as a=crypto writes them (RFC 4568 section 6.1). */
export const inlineKey = ({ key, salt }: SrtpKeys['local']): string => Buffer.concat([key, salt]).toString('base64')

function keysView({ at, keying, profile, local, remote }: SrtpKeys): NonNullable<TraceView['srtp_keys']>[number] {
  return { at, keying, profile, local: masterKeyView(local), remote: masterKeyView(remote) }
}

const masterKeyView = ({ key, salt }: SrtpKeys['local']) => ({
  key: Buffer.from(key).toString('base64'),
  salt: Buffer.from(salt).toString('base64'),
})
