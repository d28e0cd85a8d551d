/**
 * SIPp's statistics file (`-trace_stat`): a heading, then one row a second and one at the
 * end, separated by semicolons. Periodic columns end in (P), cumulative ones in (C);
 * versions before 3.8 write the distributions cumulative and unmarked.
 */

export interface SippStatistics {
  /** Since SIPp's start. */
  readonly elapsedMs: number
  /** Calls begun. */
  readonly created: number
  /** Calls in progress. */
  readonly current: number
  readonly succeeded: number
  readonly failed: number
  /** Failed calls by SIPp's reason (`MaxUDPRetrans`, `UnexpectedMessage`, ...); only those that occurred. */
  readonly failedBy: Readonly<Record<string, number>>
  /** New calls a second, mean since the start. */
  readonly callsPerSecond: number
  /** Messages SIPp had to send again. */
  readonly retransmissions: number
  /** Messages that belong to no call, and to calls that are over. */
  readonly stray: { readonly outOfCall: number; readonly deadCall: number }
  /** Times SIPp noticed that it was not keeping up itself. */
  readonly watchdog: number
  readonly fatalErrors: number
  /** From the INVITE to its final response, in the built-in scenario; in others as their steps say. */
  readonly responseTime: SippTimes
  readonly callLength: SippTimes
}

export interface SippTimes {
  readonly meanMs: number
  readonly deviationMs: number
  /** How many took less than `belowMs` (Infinity last) and not less than the one before. */
  readonly distribution: readonly { readonly belowMs: number; readonly count: number }[]
}

/** The rows of a statistics file, oldest first; the last holds the totals. Throws SyntaxError when this is none. */
export function parseStatistics(csv: string): SippStatistics[] {
  const [heading, ...lines] = csv.split('\n')
  const names = heading?.trim().split(';') ?? []
  const place = new Map(names.map((name, at) => [name, at]))
  if (!place.has('TotalCallCreated')) throw new SyntaxError('not a statistics file of SIPp')
  // A row that is being written has no end yet.
  const rows = lines.slice(0, -1).map((line) => line.split(';'))
  return rows.filter((row) => row.length >= names.length - 1).map((row) => statistics(new Row(names, place, row)))
}

class Row {
  readonly names: readonly string[]
  readonly #place: ReadonlyMap<string, number>
  readonly #values: readonly string[]

  constructor(names: readonly string[], place: ReadonlyMap<string, number>, values: readonly string[]) {
    this.names = names
    this.#place = place
    this.#values = values
  }

  text(name: string): string {
    const at = this.#place.get(name)
    if (at === undefined) throw new SyntaxError(`no column ${name} in SIPp's statistics`)
    return this.#values[at] ?? ''
  }

  number(name: string): number {
    const value = Number(this.text(name))
    if (Number.isNaN(value)) throw new SyntaxError(`${name} is "${this.text(name)}" in SIPp's statistics`)
    return value
  }

  /** `HH:MM:SS:microseconds`. */
  ms(name: string): number {
    const [hours, minutes, seconds, microseconds] = this.text(name).split(':').map(Number)
    const ms = ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + microseconds! / 1000
    if (Number.isNaN(ms)) throw new SyntaxError(`${name} is "${this.text(name)}" in SIPp's statistics`)
    return ms
  }

  /** `date TAB time TAB seconds since 1970`, in milliseconds. */
  moment(name: string): number {
    return Number(this.text(name).split('\t')[2]) * 1000
  }
}

function statistics(row: Row): SippStatistics {
  const failedBy: Record<string, number> = {}
  for (const name of row.names) {
    const reason = /^Failed(?!Call\()(\w+)\(C\)$/.exec(name)?.[1]
    const count = reason === undefined ? 0 : row.number(name)
    if (reason !== undefined && count > 0) failedBy[reason] = count
  }
  return {
    elapsedMs: row.moment('CurrentTime') - row.moment('StartTime'),
    created: row.number('TotalCallCreated'),
    current: row.number('CurrentCall'),
    succeeded: row.number('SuccessfulCall(C)'),
    failed: row.number('FailedCall(C)'),
    failedBy,
    callsPerSecond: row.number('CallRate(C)'),
    retransmissions: row.number('Retransmissions(C)'),
    stray: { outOfCall: row.number('OutOfCallMsgs(C)'), deadCall: row.number('DeadCallMsgs(C)') },
    watchdog: row.number('WatchdogMajor(C)') + row.number('WatchdogMinor(C)'),
    fatalErrors: row.number('FatalErrors(C)'),
    responseTime: times(row, 'ResponseTime1', 'ResponseTimeRepartition1'),
    callLength: times(row, 'CallLength', 'CallLengthRepartition'),
  }
}

function times(row: Row, name: string, distribution: string): SippTimes {
  const marked = row.names.some((column) => column.startsWith(`${distribution}_`) && column.endsWith('(C)'))
  const columns = row.names.filter((column) => column.startsWith(`${distribution}_`) && (!marked || column.endsWith('(C)')))
  return {
    // A scenario that measures nothing has no such column.
    meanMs: row.names.includes(`${name}(C)`) ? row.ms(`${name}(C)`) : 0,
    deviationMs: row.names.includes(`${name}StDev(C)`) ? row.ms(`${name}StDev(C)`) : 0,
    distribution: columns.map((column) => {
      const bound = /_(<|>=)(\d+)/.exec(column)
      return { belowMs: bound?.[1] === '<' ? Number(bound[2]) : Number.POSITIVE_INFINITY, count: row.number(column) }
    }),
  }
}
