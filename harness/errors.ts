import { exitCodes } from './exit-codes.ts'

/**
 * An error meant for the person at the terminal: what is wrong in one sentence, what to do
 * about it in `hint`, and the exit code its cause has. The command line prints both and no stack.
 */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly exitCode: number
  readonly hint: string | undefined

  constructor(message: string, exitCode: number, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
    this.hint = hint
  }
}

/** The command was asked for something that cannot be: an unknown name, a value out of range, an empty selection. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'

  constructor(message: string, hint?: string) {
    super(message, exitCodes.usage.code, hint)
  }
}

/** The machine or the harness cannot do what was rightly asked: something is missing, busy, broken or not built yet. */
export class UnableError extends CommandError {
  override readonly name = 'UnableError'

  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, exitCodes.unable.code, hint, cause)
  }
}
