/**
 * The certificates shown in a DTLS handshake on the media path. DTLS 1.2 sends them in clear
 * (RFC 6347 section 4.2), so that whoever sees the packets can hold them against the
 * fingerprints in the descriptions (RFC 5763 section 5).
 */
import { HandshakeInbox } from '../../endpoint/media/dtls/handshake-inbox.ts'
import { messageTypes, readCertificates } from '../../endpoint/media/dtls/messages.ts'
import { contentTypes, readFragments, readRecords } from '../../endpoint/media/dtls/record.ts'
import type { RtpWire } from '../../protocol/wire.ts'
import type { Side } from './trace.ts'

/** The certificate a side showed last, in DER; undefined when none was seen whole. */
export function certificatesOf(wires: readonly RtpWire[]): { readonly [S in Side]: Uint8Array | undefined } {
  return { peer: certificateOf('out', wires), edge: certificateOf('in', wires) }
}

function certificateOf(dir: RtpWire['dir'], wires: readonly RtpWire[]): Uint8Array | undefined {
  // RTCP on a port of its own has a handshake of its own (RFC 5764 section 3).
  const inboxes = new Map<number, HandshakeInbox>()
  let found: Uint8Array | undefined
  for (const { dir: came, local, bytes } of wires) {
    if (came !== dir || !isDtls(bytes)) continue
    let inbox = inboxes.get(local.port) ?? new HandshakeInbox()
    for (const { type, epoch, fragment } of readRecords(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))) {
      if (type !== contentTypes.handshake || epoch !== 0) continue
      for (const part of readFragments(fragment) ?? []) {
        // A first message that is not the one before sent again begins another handshake.
        if (part.sequence === 0 && part.offset === 0 && inbox.next > 2) inbox = new HandshakeInbox()
        inbox.push(part)
        for (let message = inbox.take(); message !== undefined; message = inbox.take()) {
          if (message.type === messageTypes.certificate) found = readCertificates(message.body)?.[0] ?? found
        }
      }
    }
    inboxes.set(local.port, inbox)
  }
  return found
}

/** RFC 7983 section 7. */
const isDtls = (bytes: Uint8Array): boolean => bytes.length > 0 && bytes[0]! >= 20 && bytes[0]! <= 63
