/** What a person sees while a run goes on: one line that changes on a terminal, a line now and then elsewhere. Always on stderr. */
import { styleText } from 'node:util'
import type { CellResult, Verdict } from '../reports/schema/results.ts'

const lineEveryMs = 5_000
const redrawEveryMs = 100

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>

export class Progress implements Disposable {
  readonly #total: number
  readonly #output: Output
  readonly #counts = new Map<Verdict, number>()
  #done = 0
  #drawnAt = 0

  constructor(total: number, output: Output = process.stderr) {
    this.#total = total
    this.#output = output
  }

  /** A line of its own, above the changing one. */
  say(line: string): void {
    this.#clear()
    this.#output.write(`${line}\n`)
    this.#draw(true)
  }

  finished(result: CellResult): void {
    this.#done += 1
    this.#counts.set(result.verdict, (this.#counts.get(result.verdict) ?? 0) + 1)
    if (result.verdict === 'pass') this.#draw(false)
    else
      this.say(
        `${this.#colour(result.verdict)} ${result.id}${result.scenario === 'proof-call' ? '' : ` (${result.scenario})`}: ${result.reason ?? ''}`,
      )
  }

  [Symbol.dispose](): void {
    this.#clear()
  }

  #draw(force: boolean): void {
    if (this.#total === 0) return
    const now = performance.now()
    const line = `${this.#done}/${this.#total} ${[...this.#counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}`
    if (this.#output.isTTY) {
      if (!force && now - this.#drawnAt < redrawEveryMs && this.#done < this.#total) return
      this.#output.write(`\r\u001b[K${line.slice(0, (this.#output.columns ?? 80) - 1)}`)
    } else {
      if (force || now - this.#drawnAt < lineEveryMs) return
      this.#output.write(`${line}\n`)
    }
    this.#drawnAt = now
  }

  #clear(): void {
    if (this.#output.isTTY) this.#output.write('\r\u001b[K')
  }

  #colour(verdict: Verdict): string {
    const colour = verdict === 'fail' || verdict === 'error' ? 'red' : 'yellow'
    return styleText(colour, verdict.toUpperCase(), { stream: this.#output as NodeJS.WriteStream })
  }
}
