/** The trunkproof command. Sets the exit code and lets the process end by itself, so that output is never cut off. */
import { runCommand } from './command-line.ts'

// Whoever reads our output may have seen enough (`| head`): no reason to break.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await runCommand(process.argv.slice(2))
