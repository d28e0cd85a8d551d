/** One measured figure. `budget` is what the design asks for, in words. */
export interface BenchmarkRow {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly budget?: string
}

/** One benchmark file. `needs` names what the machine must have; without it the benchmark is listed as left out. */
export interface Benchmark {
  readonly name: string
  readonly needs?: readonly ('sipp' | 'docker')[]
  run(report: (row: BenchmarkRow) => void): Promise<void>
}
