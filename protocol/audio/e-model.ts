/**
 * A listening quality estimate after ITU-T G.107: the rating R of the default telephone
 * path, less what codec, loss and delay take away, as a mean opinion score. An estimate
 * for reports, not a measurement; nothing is judged by it.
 */

import type { CodecName } from '../sdp/types.ts'

export interface PathQuality {
  readonly codec: CodecName
  /** Packets lost on the way, 0 to 1. */
  readonly lossRatio: number
  /** One-way mouth-to-ear delay, milliseconds. */
  readonly delayMs: number
}

/** R of a path without impairments beyond the defaults (G.107 table 2). */
const unimpairedR = 93.2

/**
 * Equipment impairment and robustness against random loss (ITU-T G.113 appendix I).
 * G.711 counts without concealment, because our receiver has none. G.113 has no
 * narrow-band figures for Opus: those of G.711 with concealment are taken.
 */
const impairments = {
  pcmu: { ie: 0, bpl: 4.3 },
  pcma: { ie: 0, bpl: 4.3 },
  opus: { ie: 0, bpl: 25.1 },
} as const

/** Mean opinion score, 1 to 4.5. */
export function estimateMos(path: PathQuality): number {
  const { ie, bpl } = impairments[path.codec]
  const lossPercent = 100 * Math.max(0, Math.min(1, path.lossRatio))
  const effectiveEquipment = ie + (95 - ie) * (lossPercent / (lossPercent + bpl))
  // The usual straight-line form of the delay impairment Id for echo-free paths.
  const delay = 0.024 * path.delayMs + (path.delayMs > 177.3 ? 0.11 * (path.delayMs - 177.3) : 0)
  const r = unimpairedR - effectiveEquipment - delay
  if (r <= 0) return 1
  if (r >= 100) return 4.5
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
}
