import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { UnableError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** `trunkproof edge`: runs the reference edge in the foreground with its own options, and ends as it ends. */
export async function edgeCommand(args: readonly string[]): Promise<number> {
  const script = fileURLToPath(new URL('../../edge/main.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { stdio: 'inherit' })
  // A terminal sends SIGINT to the whole group, so the edge has it already; a lone SIGTERM is for us to pass on.
  const passOn = (signal: NodeJS.Signals): void => {
    if (signal !== 'SIGINT') child.kill(signal)
  }
  for (const signal of signals) process.on(signal, passOn)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(new UnableError(`the edge could not be started: ${error.message}`, undefined, error)))
      child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? exitCodes.interrupted.code : exitCodes.unable.code)))
    })
  } finally {
    for (const signal of signals) process.off(signal, passOn)
  }
}
