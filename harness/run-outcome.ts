/** The end of a run on the terminal: what came of it in a few lines, where the report is, what to type next. */
import { relative } from 'node:path'
import { styleText } from 'node:util'
import type { CellResult, Results } from '../reports/schema/results.ts'
import { verdictSentence } from '../reports/verdict-text.ts'
import { exitCodeOf } from './exit-code-of.ts'
import { exitCodes } from './exit-codes.ts'
import type { Runtime } from './run-options.ts'

const failuresShown = 10

/** What was not tried is no failure, and no reason to rejoice. */
const colours = new Map<number, 'green' | 'red'>([
  [exitCodes.proven.code, 'green'],
  [exitCodes.failed.code, 'red'],
])

/** With `json` the results go to stdout and nothing else does; otherwise everything is for people. */
export function printOutcome(results: Results, { runDir, json, runtime }: { runDir: string; json: boolean; runtime: Runtime }): void {
  const out = json ? process.stderr : process.stdout
  const say = (line = ''): void => {
    out.write(`${line}\n`)
  }
  const entries = [...results.cells, ...results.checks]
  const bad = entries.filter(({ claimed, verdict }) => claimed && verdict !== 'pass' && verdict !== 'skipped')
  for (const cell of bad.slice(0, failuresShown)) sayFailure(cell, say)
  if (bad.length > failuresShown) say(`… and ${bad.length - failuresShown} more in the report`)
  say(styleText(colours.get(exitCodeOf(results)) ?? 'yellow', verdictSentence(results), { stream: out }))
  say(`Report: ${relative(process.cwd(), runDir) || '.'}/report.html`)
  const asterisk = entries.some(
    ({ platform, fidelity, verdict }) => platform === 'asterisk' && fidelity === 'persona' && verdict !== 'skipped',
  )
  if (runtime === 'embedded' && asterisk)
    say('Asterisk was a persona here; the real one: npm run matrix -- --runtime docker --platform asterisk')
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
}

function sayFailure(cell: CellResult, say: (line?: string) => void): void {
  say(`${cell.verdict} ${cell.id} (${cell.scenario})`)
  const failed = cell.expectations.filter((one) => one.verdict === 'fail')
  for (const one of failed) {
    say(`  ${one.id}: expected ${one.expected}`)
    say(`  ${' '.repeat(one.id.length)}  seen ${one.seen}`)
    if (one.cause !== undefined) say(`  ${' '.repeat(one.id.length)}  cause: ${one.cause}`)
    if (one.remedy !== undefined) say(`  ${' '.repeat(one.id.length)}  remedy: ${one.remedy}`)
  }
  if (failed.length === 0 && cell.reason !== undefined) say(`  ${cell.reason}`)
  if (cell.rerun !== undefined) say(`  again: ${cell.rerun}`)
}
