import { InvalidFiles } from '../../matrix/yaml-file.ts'
import { scenarioFiles } from '../../scenarios/load.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadSources } from '../plan.ts'
import { printJson, printLine, styled } from './terminal.ts'

/**
 * `trunkproof validate`: reads the claims and the scenarios and says what is wrong with them.
 * `files` are scenarios to check instead of the project's own.
 */
export function validateCommand(files: readonly string[], options: { readonly json: boolean }): number {
  try {
    const { matrix, cells, scenarios } = loadSources(files.length > 0 ? files : scenarioFiles())
    const counts = {
      clauses: matrix.clauses.length,
      platforms: matrix.platforms.length,
      claimed_cells: cells.filter((cell) => cell.claimed).length,
      scenarios: scenarios.length,
    }
    if (options.json) printJson({ schema_version: 1, problems: [], ...counts })
    else {
      const text = Object.entries(counts).map(([what, count]) => `${count} ${what.replace('_', ' ')}`)
      printLine(`${styled('green', 'valid:')} ${text.join(', ')}`)
    }
    return exitCodes.proven.code
  } catch (error) {
    if (!options.json || !(error instanceof InvalidFiles)) throw error
    printJson({ schema_version: 1, problems: error.problems })
    return exitCodes.usage.code
  }
}
