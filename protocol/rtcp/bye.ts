import type { Bye, RtcpBody } from './types.ts'

/** BYE, behind the packet's four header bytes (RFC 3550 section 6.6): sources, then perhaps a length byte and a reason. */
export function readBye({ view, count }: RtcpBody): Bye | undefined {
  const end = 4 * count
  if (end > view.byteLength) return undefined
  const ssrcs = Array.from({ length: count }, (_, index) => view.getUint32(4 * index))
  if (end === view.byteLength) return { type: 'bye', ssrcs }
  const length = view.getUint8(end)
  if (end + 1 + length > view.byteLength) return undefined
  return { type: 'bye', ssrcs, reason: new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + end + 1, length)) }
}

/** Throws RangeError on a reason beyond 255 bytes. */
export function byeBody(bye: Bye): Uint8Array {
  const reason = bye.reason === undefined ? undefined : new TextEncoder().encode(bye.reason)
  if (reason !== undefined && reason.length > 255) throw new RangeError(`a reason of ${reason.length} bytes`)
  const body = new Uint8Array(4 * bye.ssrcs.length + (reason === undefined ? 0 : (reason.length + 4) & ~3))
  const view = new DataView(body.buffer)
  for (const [index, ssrc] of bye.ssrcs.entries()) view.setUint32(4 * index, ssrc)
  if (reason !== undefined) {
    view.setUint8(4 * bye.ssrcs.length, reason.length)
    body.set(reason, 4 * bye.ssrcs.length + 1)
  }
  return body
}
