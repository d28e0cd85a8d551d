/** What an interrupted run proved already, so that it is not tried again. */
import { readJournal } from '../reports/journal.ts'
import { UsageError } from './errors.ts'

/** `cell/scenario` of everything that passed. Throws UsageError when the folder holds no run. */
export async function alreadyProven(runDir: string): Promise<Set<string>> {
  const journal = await readJournal(runDir).catch((error: unknown) => {
    throw new UsageError(`there is no run to go on with in ${runDir}: ${error instanceof Error ? error.message : String(error)}`)
  })
  const proven = new Set<string>()
  for (const event of journal.events) {
    if (event.event === 'cell.finished' && event.result.verdict === 'pass') proven.add(`${event.result.id}/${event.result.scenario}`)
  }
  return proven
}
