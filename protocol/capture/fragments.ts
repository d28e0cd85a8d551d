/** Puts fragmented IP packets together: a large INVITE over UDP travels in several. RFC 791 section 3.2, RFC 8200 section 4.5. */

interface Parts {
  readonly parts: Map<number, Uint8Array>
  /** Known once the last fragment came. */
  length?: number
}

const maxPackets = 256
const maxPacketLength = 65535

export class FragmentTable {
  readonly #packets = new Map<string, Parts>()

  /**
   * Adds one fragment and returns the whole payload when it was the missing one.
   * Bounded: the oldest unfinished packet is dropped when too many are.
   */
  add(fragment: { readonly key: string; readonly offset: number; readonly more: boolean }, payload: Uint8Array): Uint8Array | undefined {
    if (fragment.offset + payload.length > maxPacketLength) return undefined
    let packet = this.#packets.get(fragment.key)
    if (!packet) {
      if (this.#packets.size >= maxPackets) this.#packets.delete(this.#packets.keys().next().value!)
      packet = { parts: new Map() }
      this.#packets.set(fragment.key, packet)
    }
    packet.parts.set(fragment.offset, payload)
    if (!fragment.more) packet.length = fragment.offset + payload.length
    const whole = join(packet)
    if (whole) this.#packets.delete(fragment.key)
    return whole
  }
}

function join({ parts, length }: Parts): Uint8Array | undefined {
  if (length === undefined) return undefined
  const whole = new Uint8Array(length)
  let covered = 0
  for (const [offset, part] of [...parts].sort(([a], [b]) => a - b)) {
    if (offset > covered) return undefined
    whole.set(part.subarray(0, Math.max(0, length - offset)), offset)
    covered = Math.max(covered, offset + part.length)
  }
  return covered >= length ? whole : undefined
}
