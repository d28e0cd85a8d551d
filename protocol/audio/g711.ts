/**
 * ITU-T G.711: 16-bit linear samples to and from mu-law (PCMU) and A-law (PCMA), by table.
 * Linear values are the usual left-justified ones: mu-law spans +-32124, A-law +-32256.
 */

const muLawBias = 0x84
const muLawClip = 32635

function encodeMuLawSample(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.abs(sample), muLawClip) + muLawBias
  const exponent = 31 - Math.clz32(magnitude) - 7
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f
  return ~(sign | (exponent << 4) | mantissa) & 0xff
}

function decodeMuLawSample(byte: number): number {
  const inverted = ~byte & 0xff
  const exponent = (inverted >> 4) & 0x07
  const magnitude = ((((inverted & 0x0f) << 3) + muLawBias) << exponent) - muLawBias
  return inverted & 0x80 ? -magnitude : magnitude
}

function encodeALawSample(sample: number): number {
  // A-law has 13 bits; negative values are one's complement, so that -1 falls beside 0.
  const linear = sample >> 3
  const mask = linear >= 0 ? 0xd5 : 0x55
  const magnitude = linear >= 0 ? linear : -linear - 1
  if (magnitude < 0x20) return (magnitude >> 1) ^ mask
  const exponent = 31 - Math.clz32(magnitude) - 4
  return ((exponent << 4) | ((magnitude >> exponent) & 0x0f)) ^ mask
}

function decodeALawSample(byte: number): number {
  const toggled = byte ^ 0x55
  const exponent = (toggled >> 4) & 0x07
  const mantissa = (toggled & 0x0f) << 4
  const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1)
  return toggled & 0x80 ? magnitude : -magnitude
}

function encodeTable(encode: (sample: number) => number): Uint8Array {
  return Uint8Array.from({ length: 65536 }, (_, index) => encode((index << 16) >> 16))
}

/** One G.711 law: tables indexed by the sample's low 16 bits and by the octet. */
interface Law {
  readonly encoded: Uint8Array
  readonly decoded: Int16Array
  /** The octet of digital silence. */
  readonly silence: number
}

const laws: Readonly<Record<'pcmu' | 'pcma', Law>> = {
  pcmu: {
    encoded: encodeTable(encodeMuLawSample),
    decoded: Int16Array.from({ length: 256 }, (_, byte) => decodeMuLawSample(byte)),
    silence: 0xff,
  },
  pcma: {
    encoded: encodeTable(encodeALawSample),
    decoded: Int16Array.from({ length: 256 }, (_, byte) => decodeALawSample(byte)),
    silence: 0xd5,
  },
}

export type G711Law = keyof typeof laws

/** The octet that stands for silence. */
export function g711Silence(law: G711Law): number {
  return laws[law].silence
}

/** Encodes `pcm` into the start of `octets`, which must be at least as long. */
export function encodeG711(law: G711Law, pcm: Int16Array, octets: Uint8Array): void {
  if (octets.length < pcm.length) throw new RangeError(`${pcm.length} samples do not fit into ${octets.length} octets`)
  const table = laws[law].encoded
  for (let i = 0; i < pcm.length; i++) octets[i] = table[pcm[i]! & 0xffff]!
}

/** Decodes `octets` into the start of `pcm`, which must be at least as long. */
export function decodeG711(law: G711Law, octets: Uint8Array, pcm: Int16Array): void {
  if (pcm.length < octets.length) throw new RangeError(`${octets.length} octets do not fit into ${pcm.length} samples`)
  const table = laws[law].decoded
  for (let i = 0; i < octets.length; i++) pcm[i] = table[octets[i]!]!
}
