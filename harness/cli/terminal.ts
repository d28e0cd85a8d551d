/** Text for people: colour only where a terminal will show it, errors on stderr with what to do about them. */
import { styleText } from 'node:util'
import { InvalidFiles } from '../../matrix/yaml-file.ts'
import { CommandError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'

type Format = Parameters<typeof styleText>[0]

/** Coloured for stdout when it is a terminal and NO_COLOR is not set. */
export const styled = (format: Format, text: string): string => styleText(format, text, { stream: process.stdout })

const styledError = (format: Format, text: string): string => styleText(format, text, { stream: process.stderr })

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** Tells the person what went wrong, and gives the exit code of it. A broken invariant shows its stack: it is ours to mend. */
export function reportError(error: unknown): number {
  if (error instanceof InvalidFiles) {
    process.stderr.write(`${error.message}\n`)
    return exitCodes.usage.code
  }
  const known = error instanceof Error && 'hint' in error && (typeof error.hint === 'string' || error.hint === undefined)
  if (!known) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`${styledError('red', 'trunkproof broke:')} ${text}\n`)
    return exitCodes.unable.code
  }
  process.stderr.write(`${styledError('red', 'error:')} ${error.message}\n`)
  if (error.hint !== undefined) process.stderr.write(`${styledError('dim', 'hint:')} ${error.hint}\n`)
  return error instanceof CommandError ? error.exitCode : exitCodes.unable.code
}
