/** Runs the command as a person would, and gives back what it said. */
import { spawn } from 'node:child_process'

export interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `trunkproof ARGS`; `onStderr` sees progress as it comes and may signal the process. */
export async function trunkproof(
  args: readonly string[],
  onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Said> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'harness/cli/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    onStderr?.(text, (signal) => child.kill(signal))
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout, stderr }
}
