/** The master key identifier of a direction (RFC 3711 section 3.1): bytes in every packet, neither encrypted nor authenticated. */
export class Mki {
  readonly length: number
  readonly #value: Uint8Array

  constructor(value: Uint8Array = new Uint8Array(0)) {
    this.#value = value
    this.length = value.length
  }

  write(bytes: Uint8Array, at: number): void {
    if (this.length > 0) bytes.set(this.#value, at)
  }

  matches(bytes: Uint8Array, at: number): boolean {
    for (let nth = 0; nth < this.length; nth++) if (bytes[at + nth] !== this.#value[nth]) return false
    return true
  }
}
