/**
 * The edge as a process: reads its options, says on standard output when it is ready (one
 * line of JSON), logs on standard error, drains on SIGTERM, and exits with a code that
 * names the cause. See docs/edge-api.md.
 */

import { format } from 'node:util'
import debug from 'debug'
import type { Edge } from './edge.ts'
import { EdgeFailure, exitCodes } from './failure.ts'
import { createLog, type Log } from './log.ts'
import { type EdgeOptions, helpText, readOptions } from './options.ts'

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options === 'help') {
    process.stdout.write(`${helpText()}\n`)
    return
  }
  const log = createLog((line) => process.stderr.write(line), options.logLevel)
  routeDiagnostics()
  // Only now: a wrong option is told without waiting for everything to load.
  const { Edge } = await import('./edge.ts')
  const edge = await Edge.start(options, log)
  edge.metrics.collectProcess()
  watchForEnd(edge, options, log)
  if (options.faults.size > 0) log.warn('faults are planted', { faults: [...options.faults] })
  process.stdout.write(`${JSON.stringify({ event: 'ready', http: edge.http, sip: edge.sip })}\n`)
}

/** The endpoint's diagnostic channels (DEBUG=sip:*) become lines of the same log. */
function routeDiagnostics(): void {
  const log = createLog((line) => process.stderr.write(line), 'debug')
  debug.formatArgs = function (args) {
    args.unshift(this.namespace)
  }
  debug.log = (channel: unknown, ...args: unknown[]) => log.debug(format(...args), { channel })
}

/** First signal: drain. Second: hang up and go. With --exit-with-parent a closed standard input is both at once. */
function watchForEnd(edge: Edge, options: EdgeOptions, log: Log): void {
  const now = new AbortController()
  let ending = false
  const end = (why: string, atOnce: boolean): void => {
    if (atOnce) now.abort()
    if (ending) return
    ending = true
    log.info('ending', { why })
    edge.drain(options.graceMs, now.signal).then(
      () => {
        log.info('ended')
        process.exit(exitCodes.ok)
      },
      (error: unknown) => {
        log.error('did not end cleanly', { error })
        process.exit(exitCodes.machine)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(signal, ending))
  if (options.exitWithParent) {
    process.stdin.on('end', () => end('parent is gone', true)).on('error', () => end('parent is gone', true))
    process.stdin.resume()
  }
}

/** Foreseen failures are two lines for people; anything else is a defect and keeps its stack. */
function fail(error: unknown): never {
  if (error instanceof EdgeFailure) {
    process.stderr.write(`error: ${error.message}\n  ${error.hint}\n`)
    process.exit(exitCodes[error.reason])
  }
  process.stderr.write(`error: the edge broke: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(exitCodes.machine)
}

process.on('uncaughtException', fail)
main().catch(fail)
