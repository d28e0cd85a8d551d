/**
 * How much of a piece of audio two tones explain, whatever phase and level each has in it: a
 * least-squares fit. A product may begin its sound anew between two packets, which turns the
 * phase; noise, clipping and other audio are what no phase explains.
 */

const size = 4

export class ToneFit {
  /** Inverse of the Gram matrix of the two cosines and two sines. */
  readonly #inverse: Float64Array

  /** Frequencies in Hz, distinct, inside the band; `length` in samples. */
  constructor(one: number, other: number, sampleRate: number, length: number) {
    const rows = [one, other].flatMap((frequency) => {
      const radians = (index: number): number => (2 * Math.PI * frequency * (length - 1 - index)) / sampleRate
      return [Float64Array.from({ length }, (_, i) => Math.cos(radians(i))), Float64Array.from({ length }, (_, i) => Math.sin(radians(i)))]
    })
    this.#inverse = inverse(Float64Array.from(rows.flatMap((row) => rows.map((second) => product(row, second)))))
  }

  /**
   * Energy, as a sum of squared samples, of what fits best: by the correlation of the piece with
   * cosine and sine of each tone, counted from its last sample backwards (as Goertzel ends).
   */
  energy(oneCos: number, oneSin: number, otherCos: number, otherSin: number): number {
    const sums = [oneCos, oneSin, otherCos, otherSin]
    let energy = 0
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) energy += sums[row]! * this.#inverse[row * size + column]! * sums[column]!
    }
    return energy
  }
}

function product(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}

/** Of a symmetric positive matrix, by Gauss and Jordan: its diagonal is large, nothing needs to be swapped. */
function inverse(matrix: Float64Array): Float64Array {
  const left = matrix.slice()
  const right = new Float64Array(size * size)
  for (let i = 0; i < size; i++) right[i * size + i] = 1
  for (let pivot = 0; pivot < size; pivot++) {
    const scale = 1 / left[pivot * size + pivot]!
    for (let column = 0; column < size; column++) {
      left[pivot * size + column]! *= scale
      right[pivot * size + column]! *= scale
    }
    for (let row = 0; row < size; row++) {
      const factor = left[row * size + pivot]!
      if (row === pivot || factor === 0) continue
      for (let column = 0; column < size; column++) {
        left[row * size + column]! -= factor * left[pivot * size + column]!
        right[row * size + column]! -= factor * right[pivot * size + column]!
      }
    }
  }
  return right
}
