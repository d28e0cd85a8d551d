/**
 * Says which tone pair a stream of audio holds. The stream is cut into blocks of 20 ms; for
 * each block and each candidate frequency one complex sum is formed (Goertzel), turned to the
 * phase it has in the whole stream, and a window is the sum of its last blocks: windows may
 * overlap at no cost. Missing audio (`gap`) keeps its place in time, so a tone with holes in
 * it (loss, digits in between) adds up in phase all the same.
 */

import { levelOfMeanSquare } from './level.ts'
import { type TonePair, toneGrid } from './tone.ts'
import { ToneFit } from './tone-fit.ts'

/** What one window of audio sounded like. */
export interface ToneReading {
  /** The pair heard, or undefined when the window holds no clear pair. */
  readonly pair: TonePair | undefined
  /** Level of the whole window in dBm0 (0 dBm0 = a sine 3.14 dB below full scale, ITU-T G.711); -Infinity for digital silence. */
  readonly levelDbm0: number
  /**
   * Share of the window's energy that lies in its two strongest tones, 0 to 1, each block of 20 ms by
   * itself: a source that begins anew between packets is no less pure, one that is clipped or mixed is.
   */
  readonly purity: number
  /** Largest absolute sample, 0 to 32768. */
  readonly peak: number
}

export interface ToneDetectorOptions {
  /** Hz; a multiple of 50. */
  readonly sampleRate: number
  /** Length of a window, a multiple of 20 ms. Default 100. */
  readonly windowMs?: number
  /** Distance between the starts of two windows, a multiple of 20 ms. Default: `windowMs`. */
  readonly hopMs?: number
  /** Candidate frequencies in whole Hz. Default: the grid all tone pairs are made of. */
  readonly frequencies?: readonly number[]
}

const blockMs = 20
const blocksPerSecond = 1000 / blockMs
/** Below this nothing is called a tone. */
const quietestDbm0 = -55
/** The weaker tone may be this much below the stronger (12 dB), as power. */
const twist = 10 ** -1.2
/** Every other candidate must be this much below the weaker tone (4 dB), as power. */
const distinction = 10 ** -0.4
/** The least share of a window's energy, in one phase throughout, that makes a pair. Two tones clipped to a square still hold 0.65. */
const leastShare = 0.4
/** A window with less audio than this share of its length is not read at all. */
const leastPresent = 0.4
/** A longer hole than this starts afresh. */
const longestGapMs = 2000

export class ToneDetector {
  readonly #frequencies: Float64Array
  readonly #coefficients: Float64Array
  readonly #sines: Float64Array
  /** Rotation of block `b modulo 50`, frequency `f`: cosine at [2 * (b * count + f)], sine behind it. Whole Hz repeat each second. */
  readonly #rotation: Float64Array
  readonly #block: Float64Array
  readonly #blocksPerWindow: number
  readonly #blocksPerHop: number
  readonly #sampleRate: number

  /** Rings over the window's blocks. */
  readonly #sums: Float64Array
  readonly #energy: Float64Array
  readonly #peaks: Float64Array
  readonly #present: Float64Array

  #filled = 0
  #filledPresent = 0
  #blockEnergy = 0
  #blockPeak = 0
  /** Blocks since the start, and blocks still to come before the next reading. */
  #blocks = 0
  #wanted: number

  constructor(options: ToneDetectorOptions) {
    const { sampleRate, windowMs = 100, hopMs = windowMs, frequencies = toneGrid } = options
    if (!Number.isInteger(sampleRate / blocksPerSecond))
      throw new RangeError(`a sample rate of ${sampleRate} is no multiple of ${blocksPerSecond}`)
    for (const [name, value] of Object.entries({ windowMs, hopMs })) {
      if (!(value > 0 && Number.isInteger(value / blockMs))) throw new RangeError(`${name} ${value} is no multiple of ${blockMs} ms`)
    }
    const blockLength = sampleRate / blocksPerSecond
    const count = frequencies.length
    this.#sampleRate = sampleRate
    this.#frequencies = Float64Array.from(frequencies)
    this.#coefficients = this.#frequencies.map((frequency) => 2 * Math.cos((2 * Math.PI * frequency) / sampleRate))
    this.#sines = this.#frequencies.map((frequency) => Math.sin((2 * Math.PI * frequency) / sampleRate))
    this.#rotation =
      frequencies === toneGrid
        ? gridRotations(this.#frequencies, sampleRate, blockLength)
        : rotations(this.#frequencies, sampleRate, blockLength)
    this.#block = new Float64Array(blockLength)
    this.#blocksPerWindow = windowMs / blockMs
    this.#blocksPerHop = hopMs / blockMs
    this.#sums = new Float64Array(this.#blocksPerWindow * count * 2)
    this.#energy = new Float64Array(this.#blocksPerWindow)
    this.#peaks = new Float64Array(this.#blocksPerWindow)
    this.#present = new Float64Array(this.#blocksPerWindow)
    this.#wanted = this.#blocksPerWindow
  }

  /** Takes the next samples of the stream; returns a reading for every window they completed. */
  push(pcm: Int16Array, length = pcm.length): ToneReading[] {
    let readings = none
    const block = this.#block
    let from = 0
    while (from < length) {
      const take = Math.min(length - from, block.length - this.#filled)
      let energy = 0
      let peak = this.#blockPeak
      for (let i = 0, at = this.#filled; i < take; i++, at++) {
        const sample = pcm[from + i]!
        block[at] = sample
        energy += sample * sample
        const size = sample < 0 ? -sample : sample
        if (size > peak) peak = size
      }
      this.#blockEnergy += energy
      this.#blockPeak = peak
      this.#filledPresent += take
      this.#filled += take
      from += take
      if (this.#filled === block.length) readings = this.#complete(readings)
    }
    return readings
  }

  /** Says that this many samples of the stream are missing. */
  gap(samples: number): ToneReading[] {
    if (samples > (this.#sampleRate * longestGapMs) / 1000) {
      this.reset()
      return none
    }
    let readings = none
    const block = this.#block
    for (let left = samples; left > 0; ) {
      const take = Math.min(left, block.length - this.#filled)
      block.fill(0, this.#filled, this.#filled + take)
      this.#filled += take
      left -= take
      if (this.#filled === block.length) readings = this.#complete(readings)
    }
    return readings
  }

  /** Forgets what it heard: the next sample starts a new stream. */
  reset(): void {
    this.#filled = 0
    this.#filledPresent = 0
    this.#blockEnergy = 0
    this.#blockPeak = 0
    this.#blocks = 0
    this.#wanted = this.#blocksPerWindow
  }

  #complete(readings: ToneReading[]): ToneReading[] {
    const slot = this.#blocks % this.#blocksPerWindow
    this.#energy[slot] = this.#blockEnergy
    this.#peaks[slot] = this.#blockPeak
    this.#present[slot] = this.#filledPresent
    this.#correlate(slot)
    this.#blocks++
    this.#filled = 0
    this.#filledPresent = 0
    this.#blockEnergy = 0
    this.#blockPeak = 0
    if (--this.#wanted > 0) return readings
    this.#wanted = this.#blocksPerHop
    const reading = this.#read()
    if (reading === undefined) return readings
    if (readings === none) return [reading]
    readings.push(reading)
    return readings
  }

  /** Goertzel over the block for all candidates, four at a time: one alone waits for its own result at each sample. */
  #correlate(slot: number): void {
    const block = this.#block
    const coefficients = this.#coefficients
    const count = coefficients.length
    if (this.#blockEnergy === 0) {
      this.#sums.fill(0, slot * count * 2, (slot + 1) * count * 2)
      return
    }
    const length = block.length
    for (let f = 0; f < count; f += 4) {
      const c0 = coefficients[f]!
      const c1 = coefficients[f + 1] ?? 0
      const c2 = coefficients[f + 2] ?? 0
      const c3 = coefficients[f + 3] ?? 0
      let a0 = 0
      let b0 = 0
      let a1 = 0
      let b1 = 0
      let a2 = 0
      let b2 = 0
      let a3 = 0
      let b3 = 0
      for (let i = 0; i < length; i++) {
        const sample = block[i]!
        const n0 = sample + c0 * a0 - b0
        b0 = a0
        a0 = n0
        const n1 = sample + c1 * a1 - b1
        b1 = a1
        a1 = n1
        const n2 = sample + c2 * a2 - b2
        b2 = a2
        a2 = n2
        const n3 = sample + c3 * a3 - b3
        b3 = a3
        a3 = n3
      }
      this.#store(slot, f, a0, b0)
      if (f + 1 < count) this.#store(slot, f + 1, a1, b1)
      if (f + 2 < count) this.#store(slot, f + 2, a2, b2)
      if (f + 3 < count) this.#store(slot, f + 3, a3, b3)
    }
  }

  /** Turns a Goertzel state (newest `a`, before it `b`) into the block's complex sum in the stream's phase. */
  #store(slot: number, f: number, a: number, b: number): void {
    const count = this.#frequencies.length
    const re = a - (b * this.#coefficients[f]!) / 2
    const im = b * this.#sines[f]!
    const turn = 2 * ((this.#blocks % blocksPerSecond) * count + f)
    const cos = this.#rotation[turn]!
    const sin = this.#rotation[turn + 1]!
    const at = 2 * (slot * count + f)
    this.#sums[at] = re * cos - im * sin
    this.#sums[at + 1] = re * sin + im * cos
  }

  #read(): ToneReading | undefined {
    let energy = 0
    let peak = 0
    let present = 0
    for (let slot = 0; slot < this.#blocksPerWindow; slot++) {
      energy += this.#energy[slot]!
      peak = Math.max(peak, this.#peaks[slot]!)
      present += this.#present[slot]!
    }
    if (present < leastPresent * this.#blocksPerWindow * this.#block.length) return undefined
    const meanSquare = energy / present
    const levelDbm0 = levelOfMeanSquare(meanSquare)
    if (levelDbm0 < quietestDbm0) return { pair: undefined, levelDbm0, purity: 0, peak }

    let [first, second, third] = [0, 0, 0]
    let [firstAt, secondAt] = [0, 0]
    const count = this.#frequencies.length
    for (let f = 0; f < count; f++) {
      let re = 0
      let im = 0
      for (let slot = 0; slot < this.#blocksPerWindow; slot++) {
        const at = 2 * (slot * count + f)
        re += this.#sums[at]!
        im += this.#sums[at + 1]!
      }
      const power = re * re + im * im
      if (power > first) {
        third = second
        second = first
        secondAt = firstAt
        first = power
        firstAt = f
      } else if (power > second) {
        third = second
        second = power
        secondAt = f
      } else if (power > third) third = power
    }
    // A sine of mean square m gives a sum of magnitude (n / 2) * sqrt(2 m).
    const share = Math.min(1, (2 * (first + second)) / present ** 2 / meanSquare)
    const clear = second >= first * twist && third <= second * distinction && share >= leastShare
    const purity = this.#purity(firstAt, secondAt) ?? share
    const [a, b] = [this.#frequencies[firstAt]!, this.#frequencies[secondAt]!]
    return { pair: clear ? (a < b ? [a, b] : [b, a]) : undefined, levelDbm0, purity, peak }
  }

  /** Over the window's whole blocks; undefined when every one has a hole, or with one candidate alone. */
  #purity(f: number, g: number): number | undefined {
    if (f === g) return undefined
    const fit = fitOf(this.#frequencies[f]!, this.#frequencies[g]!, this.#sampleRate, this.#block.length)
    let energy = 0
    let explained = 0
    for (let back = 1; back <= this.#blocksPerWindow; back++) {
      const block = this.#blocks - back
      const slot = block % this.#blocksPerWindow
      if (this.#present[slot] !== this.#block.length) continue
      energy += this.#energy[slot]!
      const [fCos, fSin] = this.#sumOf(slot, block, f)
      const [gCos, gSin] = this.#sumOf(slot, block, g)
      explained += fit.energy(fCos, fSin, gCos, gSin)
    }
    return energy === 0 ? undefined : Math.min(1, explained / energy)
  }

  /** A block's complex sum, turned back to the phase it has in its own block. */
  #sumOf(slot: number, block: number, f: number): readonly [number, number] {
    const at = 2 * (slot * this.#frequencies.length + f)
    const turn = 2 * ((block % blocksPerSecond) * this.#frequencies.length + f)
    const [re, im, cos, sin] = [this.#sums[at]!, this.#sums[at + 1]!, this.#rotation[turn]!, this.#rotation[turn + 1]!]
    return [re * cos + im * sin, im * cos - re * sin]
  }
}

/** One per pair of candidates, sample rate and block length: a few hundred where all candidates are of the grid. */
const fits = new Map<string, ToneFit>()
const mostFits = 2_000

function fitOf(f: number, g: number, sampleRate: number, blockLength: number): ToneFit {
  const key = `${f} ${g} ${sampleRate} ${blockLength}`
  let fit = fits.get(key)
  if (fit === undefined) {
    if (fits.size >= mostFits) fits.clear()
    fit = new ToneFit(f, g, sampleRate, blockLength)
    fits.set(key, fit)
  }
  return fit
}

/** Returned when nothing was completed, which is most of the time; never written to. */
const none: ToneReading[] = []

/** A table is some thousand sines, the same for every detector of a sample rate. */
const gridTables = new Map<number, Float64Array>()

function gridRotations(grid: Float64Array, sampleRate: number, blockLength: number): Float64Array {
  let table = gridTables.get(sampleRate)
  if (table === undefined) {
    table = rotations(grid, sampleRate, blockLength)
    gridTables.set(sampleRate, table)
  }
  return table
}

/** The factor e^(-j w (N b + N - 1)) for each block b of a second: Goertzel ends with the phase of its last sample. */
function rotations(frequencies: Float64Array, sampleRate: number, blockLength: number): Float64Array {
  const table = new Float64Array(blocksPerSecond * frequencies.length * 2)
  for (let block = 0; block < blocksPerSecond; block++) {
    frequencies.forEach((frequency, f) => {
      const radians = (-2 * Math.PI * frequency * (blockLength * block + blockLength - 1)) / sampleRate
      table[2 * (block * frequencies.length + f)] = Math.cos(radians)
      table[2 * (block * frequencies.length + f) + 1] = Math.sin(radians)
    })
  }
  return table
}
