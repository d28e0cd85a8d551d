/**
 * `ctrf.json`, Common Test Report Format 1.0.0 (ctrf.io): a test per cell and per check
 * of one. An inconclusive cell or a harness error is `other`: it says nothing about the
 * subject, so it is no failure of it.
 */
import { randomUUID } from 'node:crypto'
import { details, headline } from './junit.ts'
import type { Attempt, CellResult, Results, Verdict } from './schema/results.ts'

type Status = 'passed' | 'failed' | 'skipped' | 'pending' | 'other'

const statusOf: Record<Verdict, Status> = {
  pass: 'passed',
  flaky: 'passed',
  fail: 'failed',
  skipped: 'skipped',
  error: 'other',
  inconclusive: 'other',
}

/** The report as a JSON value. */
export function ctrfReport(results: Results, reportId: string = randomUUID()): object {
  const { run, summary } = results
  const tests = [...results.cells, ...results.checks].map(test)
  const count = (status: Status) => tests.filter((item) => item.status === status).length
  const start = Date.parse(run.started)
  return {
    reportFormat: 'CTRF',
    specVersion: '1.0.0',
    reportId,
    runId: run.id,
    timestamp: run.finished ?? run.started,
    generatedBy: 'trunkproof',
    results: {
      tool: { name: 'trunkproof', ...(run.versions.trunkproof ? { version: run.versions.trunkproof } : {}) },
      summary: {
        tests: tests.length,
        passed: count('passed'),
        failed: count('failed'),
        pending: 0,
        skipped: count('skipped'),
        other: count('other'),
        flaky: tests.filter((item) => item.flaky).length,
        suites: new Set([...results.cells, ...results.checks].map((cell) => cell.platform)).size,
        start,
        stop: start + Math.round(summary.wall_ms),
        duration: Math.round(summary.wall_ms),
      },
      tests,
      environment: {
        reportName: `Trunkproof ${run.id}`,
        ...(run.host?.os ? { osPlatform: run.host.os } : {}),
        testEnvironment: run.runtime,
        extra: { versions: run.versions, edge: run.edge, strategy: run.strategy, seed: run.seed, clauses: clauseCounts(results) },
      },
    },
  }
}

function clauseCounts(results: Results): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(results.clauses, (clause) => clause.verdict)].map(([verdict, clauses]) => [verdict, clauses.length]),
  )
}

function test(cell: CellResult) {
  // A probe of something unclaimed is no failure of a claim, whatever it found.
  const status: Status = !cell.claimed && cell.verdict === 'fail' ? 'other' : statusOf[cell.verdict]
  const attempts = attemptsOf(cell)
  const trace = details(cell)
  return {
    name: `${cell.id} ${cell.scenario}`,
    status,
    rawStatus: cell.probe ? `unclaimed: ${cell.probe}` : cell.verdict,
    duration: Math.round(cell.duration_ms),
    ...(cell.started ? { start: Date.parse(cell.started), stop: Date.parse(cell.started) + Math.round(cell.duration_ms) } : {}),
    suite: [cell.platform, cell.scenario],
    type: 'interop',
    tags: [cell.check ? 'check' : 'cell', cell.fidelity, cell.claimed ? 'claimed' : 'unclaimed'],
    ...(cell.verdict === 'pass' ? {} : { message: headline(cell) }),
    ...(trace ? { trace } : {}),
    parameters: { ...cell.axes },
    ...(cell.attempts > 1 ? { retries: cell.attempts - 1, retryAttempts: attempts } : {}),
    flaky: cell.verdict === 'flaky',
    steps: (cell.steps ?? []).map((step) => ({
      name: step.name,
      status: ({ done: 'passed', failed: 'failed', skipped: 'skipped' } as const)[step.verdict],
    })),
    attachments: cell.evidence.map(attachment),
    extra: { fidelity: cell.fidelity, clauses: cell.clauses, deviations: cell.deviations, ...(cell.rerun ? { rerun: cell.rerun } : {}) },
  }
}

/** Every attempt in order; the verdict of a flaky cell's own attempt is its expectations', not the cell's. */
function attemptsOf(cell: CellResult): object[] {
  const earlier = cell.earlier_attempts ?? []
  const numbers = new Set(earlier.map((attempt) => attempt.attempt))
  let own = 1
  while (numbers.has(own)) own++
  const failed = cell.expectations.some((expectation) => expectation.verdict === 'fail')
  const verdict: Verdict = cell.verdict === 'flaky' ? (failed ? 'fail' : 'pass') : cell.verdict
  return [...earlier, { ...cell, attempt: own, verdict }].sort((a, b) => a.attempt - b.attempt).map(attemptEntry)
}

function attemptEntry(attempt: Pick<Attempt, 'attempt' | 'verdict' | 'reason' | 'expectations' | 'duration_ms' | 'evidence'>): object {
  const trace = details(attempt)
  return {
    attempt: attempt.attempt,
    status: statusOf[attempt.verdict],
    duration: Math.round(attempt.duration_ms),
    ...(attempt.verdict === 'pass' ? {} : { message: headline(attempt) }),
    ...(trace ? { trace } : {}),
    attachments: attempt.evidence.map(attachment),
  }
}

const contentTypes: Record<string, string> = {
  json: 'application/json',
  pcapng: 'application/x-pcapng',
  pcap: 'application/vnd.tcpdump.pcap',
  wav: 'audio/wav',
  log: 'text/plain',
  txt: 'text/plain',
  ndjson: 'application/x-ndjson',
}

function attachment(path: string): object {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ''
  return { name: path.split('/').at(-1)!, contentType: contentTypes[extension] ?? 'application/octet-stream', path }
}
