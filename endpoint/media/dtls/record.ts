/**
 * DTLS 1.2 records and the handshake fragments in them (RFC 6347 sections 4.1 and 4.2.2).
 *
 *   record:   type 1 | version 2 | epoch 2 | sequence number 6 | length 2 | fragment
 *   fragment: message type 1 | length 3 | message_seq 2 | fragment_offset 3 | fragment_length 3 | body
 */

/** Content types. */
export const contentTypes = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const

export interface DtlsRecord {
  readonly type: number
  readonly epoch: number
  readonly sequence: number
  readonly fragment: Buffer
}

/** A handshake message, whole. `sequence` is message_seq. */
export interface HandshakeMessage {
  readonly type: number
  readonly sequence: number
  readonly body: Buffer
}

/** A part of one: `length` is that of the whole message. */
export interface HandshakeFragment extends HandshakeMessage {
  readonly length: number
  readonly offset: number
}

/** DTLS 1.0 and 1.2 are major 254; a ClientHello's record may still say 1.0. */
const majorVersion = 254
const version12 = 0xfefd
const recordHeader = 13
const messageHeader = 12
/** A TLSCiphertext's most (RFC 5246 section 6.2.3). */
const mostFragment = 2 ** 14 + 2048

/** The records of a datagram up to the first that cannot be read: "invalid records SHOULD be silently discarded". */
export function readRecords(datagram: Buffer): DtlsRecord[] {
  const records: DtlsRecord[] = []
  let at = 0
  while (at + recordHeader <= datagram.length) {
    const end = at + recordHeader + datagram.readUInt16BE(at + 11)
    if (datagram[at + 1] !== majorVersion || end > datagram.length || end - at - recordHeader > mostFragment) break
    records.push({
      type: datagram.readUInt8(at),
      epoch: datagram.readUInt16BE(at + 3),
      sequence: datagram.readUIntBE(at + 5, 6),
      fragment: datagram.subarray(at + recordHeader, end),
    })
    at = end
  }
  return records
}

export function writeRecord({ type, epoch, sequence, fragment }: DtlsRecord): Buffer {
  const header = Buffer.alloc(recordHeader)
  header.writeUInt8(type, 0)
  header.writeUInt16BE(version12, 1)
  header.writeUInt16BE(epoch, 3)
  header.writeUIntBE(sequence, 5, 6)
  header.writeUInt16BE(fragment.length, 11)
  return Buffer.concat([header, fragment])
}

/** The fragments in a handshake record; undefined when one of them cannot be read. */
export function readFragments(content: Buffer): HandshakeFragment[] | undefined {
  const fragments: HandshakeFragment[] = []
  let at = 0
  while (at < content.length) {
    if (at + messageHeader > content.length) return undefined
    const length = content.readUIntBE(at + 1, 3)
    const offset = content.readUIntBE(at + 6, 3)
    const size = content.readUIntBE(at + 9, 3)
    const end = at + messageHeader + size
    if (end > content.length || offset + size > length || (size === 0 && length > 0)) return undefined
    const [type, sequence] = [content.readUInt8(at), content.readUInt16BE(at + 4)]
    fragments.push({ type, length, sequence, offset, body: content.subarray(at + messageHeader, end) })
    at = end
  }
  return fragments
}

/** A message in one fragment: the form that transcripts are hashed in (RFC 6347 section 4.2.6). */
export function writeMessage({ type, sequence, body }: HandshakeMessage): Buffer {
  const header = Buffer.alloc(messageHeader)
  header.writeUInt8(type, 0)
  header.writeUIntBE(body.length, 1, 3)
  header.writeUInt16BE(sequence, 4)
  header.writeUIntBE(body.length, 9, 3)
  return Buffer.concat([header, body])
}
