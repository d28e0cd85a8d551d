/**
 * Levels in dBm0 over 16-bit linear samples. ITU-T G.711 sets the digital milliwatt 3.14 dB
 * below the overload point of a sine; the 0.03 dB between the two laws is ignored.
 */

const overloadDbm0 = 3.14
/** Mean square of a full-scale sine. */
const fullScaleSine = 32768 ** 2 / 2

/** Level of a signal with this mean square of its samples; -Infinity for silence. */
export function levelOfMeanSquare(meanSquare: number): number {
  return meanSquare > 0 ? 10 * Math.log10(meanSquare / fullScaleSine) + overloadDbm0 : -Infinity
}

/** Peak amplitude, in samples, of one sine at this level. */
export function sineAmplitude(levelDbm0: number): number {
  return 32768 * 10 ** ((levelDbm0 - overloadDbm0) / 20)
}
