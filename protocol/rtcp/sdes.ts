import type { RtcpBody, SourceDescription } from './types.ts'

/**
 * Source descriptions, behind the packet's four header bytes (RFC 3550 section 6.5): chunks of an SSRC
 * and items (type, length, text), each chunk ended by a zero byte and padded to 32 bits.
 */
const cnameItem = 1

/** Undefined when a chunk or an item reaches beyond the body. */
export function readSdes({ view, count }: RtcpBody): SourceDescription | undefined {
  const chunks: { ssrc: number; cname?: string }[] = []
  let at = 0
  for (let chunk = 0; chunk < count; chunk++) {
    if (at + 4 > view.byteLength) return undefined
    const ssrc = view.getUint32(at)
    at += 4
    let cname: string | undefined
    for (;;) {
      if (at >= view.byteLength) return undefined
      const item = view.getUint8(at)
      if (item === 0) break
      if (at + 2 > view.byteLength) return undefined
      const end = at + 2 + view.getUint8(at + 1)
      if (end > view.byteLength) return undefined
      if (item === cnameItem) cname = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 2, end - at - 2))
      at = end
    }
    at = (at + 4) & ~3
    chunks.push(cname === undefined ? { ssrc } : { ssrc, cname })
  }
  return { type: 'sdes', chunks }
}

/** Throws RangeError on a name beyond 255 bytes. */
export function sdesBody(description: SourceDescription): Uint8Array {
  const bytes: number[] = []
  for (const { ssrc, cname } of description.chunks) {
    bytes.push(ssrc >>> 24, (ssrc >>> 16) & 0xff, (ssrc >>> 8) & 0xff, ssrc & 0xff)
    if (cname !== undefined) {
      const text = new TextEncoder().encode(cname)
      if (text.length > 255) throw new RangeError(`a canonical name of ${text.length} bytes`)
      bytes.push(cnameItem, text.length, ...text)
    }
    do bytes.push(0)
    while (bytes.length % 4 !== 0)
  }
  return Uint8Array.from(bytes)
}
