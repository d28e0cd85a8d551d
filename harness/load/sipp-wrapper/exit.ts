/** What SIPp's exit codes mean. */

export interface SippExit {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  readonly meaning: string
}

/** Of SIPp's manual, and 1 as it was seen: also for calls unfinished at its own `-timeout`. -1 and -2 come out as bytes. */
const meanings: Readonly<Record<number, string>> = {
  0: 'every call went as the scenario says',
  1: 'at least one call failed or was unfinished when the time was up',
  97: 'ended by a command of its scenario',
  99: 'ended without a call',
  127: 'there is no sipp to start',
  253: 'the media did not pass the checks of the scenario',
  254: 'a port it wanted was taken',
  255: 'it could not start or go on: an option, a limit or a connection',
}

export function explainExit(code: number | undefined): SippExit {
  if (code === undefined) return { code, meaning: 'it had to be stopped' }
  return { code, meaning: meanings[code] ?? `exit code ${code}, which the manual does not have` }
}
