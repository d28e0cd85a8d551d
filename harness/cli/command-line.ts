/** Reads a command line, does what it says, and gives the exit code. */
import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { buildProgram } from './program.ts'
import { reportError } from './terminal.ts'

/** `args` without the program's name. Never rejects: every error is told on stderr and has an exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  let exitCode: number = exitCodes.proven.code
  const program = buildProgram(version, (code) => {
    exitCode = code
  })
  const commands = [program, ...program.commands, ...program.commands.flatMap((command) => command.commands)]
  // Complaints become errors of ours, so that every one looks alike and has the exit code of wrong usage.
  for (const command of commands) command.exitOverride().configureOutput({ outputError: () => {} })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error)
    if (error.exitCode === 0) return exitCodes.proven.code
    if (error.code === 'commander.help') return exitCodes.usage.code
    return reportError(usageError(error))
  }
}

/** commander writes its suggestion on a second line, in brackets. */
function usageError({ message }: CommanderError): UsageError {
  const [first = '', second] = message.replace(/^error: /, '').split('\n', 2)
  return new UsageError(first, second?.replace(/^\((.*)\)$/, '$1') ?? 'trunkproof --help lists commands and options')
}
