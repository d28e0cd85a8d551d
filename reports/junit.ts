/**
 * `junit.xml`, the dialect CI systems agree on (Surefire's, with its elements for flaky
 * tests): a suite per platform, a case per cell and per check of one. A failure is the subject's, an error is
 * ours or the machine's, and neither is ever filed as the other.
 */
import type { Attempt, CellResult, ExpectationResult, Results } from './schema/results.ts'

export function junitXml(results: Results): string {
  const all = [...results.cells, ...results.checks]
  const suites = results.platforms.map((platform) => ({ platform, cells: all.filter((cell) => cell.platform === platform.id) }))
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="trunkproof"${counts(all)}${time(results.summary.wall_ms)}>`]
  for (const { platform, cells } of suites) {
    if (cells.length === 0) continue
    const seconds = cells.reduce((total, cell) => total + cell.duration_ms, 0)
    lines.push(
      `  <testsuite name="${xml(platform.title)}"${counts(cells)}${time(seconds)} timestamp="${xml(results.run.started.replace(/\.\d+|Z$|[+-]\d\d:\d\d$/g, ''))}">`,
      '    <properties>',
      `      <property name="run" value="${xml(results.run.id)}"/>`,
      `      <property name="runtime" value="${xml(results.run.runtime)}"/>`,
      '    </properties>',
      ...cells.flatMap(testCase),
      '  </testsuite>',
    )
  }
  lines.push('</testsuites>')
  return `${lines.join('\n')}\n`
}

/** How a cell is filed. An unclaimed cell can break no claim, so whatever it did, it does not fail the build. */
function filed(cell: CellResult): 'passed' | 'failure' | 'error' | 'skipped' {
  if (!cell.claimed) return cell.verdict === 'pass' ? 'passed' : 'skipped'
  if (cell.verdict === 'fail') return 'failure'
  if (cell.verdict === 'error' || cell.verdict === 'inconclusive') return 'error'
  return cell.verdict === 'skipped' ? 'skipped' : 'passed'
}

function counts(cells: readonly CellResult[]): string {
  const count = (kind: ReturnType<typeof filed>) => cells.filter((cell) => filed(cell) === kind).length
  return ` tests="${cells.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`
}

function time(ms: number): string {
  return ` time="${(ms / 1000).toFixed(3)}"`
}

function testCase(cell: CellResult): string[] {
  const open = `    <testcase classname="${xml(`${cell.platform}.${cell.scenario}`)}" name="${xml(cell.id)}"${time(cell.duration_ms)}`
  const body = [...properties(cell), ...outcome(cell), ...attachments(cell)]
  return body.length === 0 ? [`${open}/>`] : [`${open}>`, ...body.map((line) => `      ${line}`), '    </testcase>']
}

function properties(cell: CellResult): string[] {
  const facts: [string, string][] = [['fidelity', cell.fidelity]]
  if (!cell.claimed) facts.push(['claimed', 'false'])
  if (cell.probe) facts.push(['probe', cell.probe])
  for (const deviation of cell.deviations) facts.push(['deviation', `${deviation.id}: ${deviation.detail}`])
  return ['<properties>', ...facts.map(([name, value]) => `  <property name="${name}" value="${xml(value)}"/>`), '</properties>']
}

function outcome(cell: CellResult): string[] {
  const earlier = (cell.earlier_attempts ?? []).filter((attempt) => attempt.verdict !== 'pass')
  const kind = filed(cell)
  if (kind === 'skipped') {
    const why = cell.claimed ? cell.reason : `unclaimed: ${cell.probe ?? cell.verdict}${cell.reason ? `, ${cell.reason}` : ''}`
    return [`<skipped message="${xml(why ?? '')}"/>`]
  }
  if (kind === 'passed') return earlier.flatMap((attempt) => retried(attempt, 'flaky'))
  return [element(kind, cell, `type="${cell.verdict}"`), ...earlier.flatMap((attempt) => retried(attempt, 'rerun'))]
}

function retried(attempt: Attempt, prefix: 'flaky' | 'rerun'): string[] {
  const kind = attempt.verdict === 'fail' ? 'Failure' : 'Error'
  const tag = `${prefix}${kind}`
  return [
    `<${tag} message="${xml(headline(attempt))}" type="${attempt.verdict}">`,
    `  <stackTrace>${xml(`attempt ${attempt.attempt}\n${details(attempt)}`)}</stackTrace>`,
    `</${tag}>`,
  ]
}

function element(tag: string, cell: CellResult, attributes: string): string {
  const rerun = cell.rerun ? `\nrerun: ${cell.rerun}` : ''
  return `<${tag} message="${xml(headline(cell))}" ${attributes}>${xml(details(cell) + rerun)}</${tag}>`
}

function attachments(cell: CellResult): string[] {
  if (cell.verdict === 'pass' || cell.evidence.length === 0) return []
  return [`<system-out>${xml(cell.evidence.map((path) => `[[ATTACHMENT|${path}]]`).join('\n'))}</system-out>`]
}

type Judged = Pick<CellResult, 'verdict' | 'reason' | 'expectations'>

/** The reason, or the first broken expectation. */
export function headline({ verdict, reason, expectations }: Judged): string {
  const broken = expectations.find((expectation) => expectation.verdict === 'fail')
  return reason ?? (broken ? `${broken.title}: expected ${broken.expected}, seen ${broken.seen}` : verdict)
}

/** Every expectation that did not hold, with what an engineer needs to act on it. */
export function details({ expectations }: Judged): string {
  return expectations
    .filter((expectation) => expectation.verdict === 'fail' || expectation.verdict === 'inconclusive')
    .map(expectationText)
    .join('\n\n')
}

function expectationText(expectation: ExpectationResult): string {
  const { id, title, verdict, expected, seen, clause, cause, remedy, evidence } = expectation
  const where = [evidence?.message ? `message ${evidence.message}` : '', evidence?.packet ? `packet ${evidence.packet}` : '']
    .filter(Boolean)
    .join(', ')
  return [
    `${verdict} ${id}: ${title}`,
    `  expected: ${expected}`,
    `  seen:     ${seen}`,
    clause ? `  clause:   ${clause}` : '',
    cause ? `  cause:    ${cause}` : '',
    remedy ? `  remedy:   ${remedy}` : '',
    where ? `  evidence: ${where}` : '',
  ]
    .filter(Boolean)
    .join('\n')
}

/** Escapes for text and attributes and drops what XML 1.0 cannot hold at all. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]!)
    .replace(/\r/g, '&#13;')
}
