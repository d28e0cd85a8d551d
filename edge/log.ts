/**
 * The edge's log: one JSON object a line. Nothing that can open a door is written:
 * facts under a telling key are replaced, whoever passes them.
 */

const levels = ['debug', 'info', 'warn', 'error'] as const

export type LogLevel = (typeof levels)[number]

export type LogFacts = Readonly<Record<string, unknown>>

/** Where the edge writes what happened. `debugging` lets callers skip building facts nobody will read. */
export interface Log {
  readonly debugging: boolean
  debug(message: string, facts?: LogFacts): void
  info(message: string, facts?: LogFacts): void
  warn(message: string, facts?: LogFacts): void
  error(message: string, facts?: LogFacts): void
}

const secretKey = /pass(word|wd)?$|secret|token|authori[sz]ation|credential|private|(^|_)key$|nonce|^response$/i
const maxDepth = 4

/** Copies a value for the log: errors become their message and code, secrets and depth are cut. */
function loggable(value: unknown, depth = 0): unknown {
  if (value instanceof Error) {
    const code = (value as { code?: unknown }).code
    return code === undefined ? value.message : `${value.message} (${String(code)})`
  }
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? value.toString() : value
  if (depth >= maxDepth) return '…'
  if (Array.isArray(value)) return value.map((item) => loggable(item, depth + 1))
  const copy: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    copy[key] = secretKey.test(key) && inner !== undefined && typeof inner !== 'boolean' ? '[redacted]' : loggable(inner, depth + 1)
  }
  return copy
}

/** A log that writes JSON lines of `level` and above through `write`. */
export function createLog(write: (line: string) => void, level: LogLevel = 'info'): Log {
  const floor = levels.indexOf(level)
  const at =
    (own: LogLevel) =>
    (message: string, facts?: LogFacts): void => {
      if (levels.indexOf(own) < floor) return
      const line = { time: new Date().toISOString(), level: own, message, ...(facts && (loggable(facts) as LogFacts)) }
      write(`${JSON.stringify(line)}\n`)
    }
  return { debugging: floor === 0, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** A log that keeps nothing. */
export const silentLog: Log = createLog(() => {}, 'error')
