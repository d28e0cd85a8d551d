/**
 * What is looked at before every commit, in well under half a minute: format, lint, types,
 * import arrows, dead code and the unit tests.
 *
 *   npm run check
 */
import { runSteps, sourceSteps, tool } from './steps.ts'

const started = performance.now()
const unit = { name: 'unit tests', args: [tool('vitest'), 'run', '--project', 'unit', '--reporter', 'minimal'] }
const steps = [unit, ...sourceSteps]
const failed = await runSteps(steps, (text) => console.log(text))
const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(failed.length === 0 ? `\nall ${steps.length} checks passed in ${seconds} s` : `\nfailed: ${failed.join(', ')} (${seconds} s)`)
process.exitCode = failed.length === 0 ? 0 : 1
