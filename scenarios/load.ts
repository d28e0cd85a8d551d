import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Cell } from '../matrix/cell.ts'
import { selects } from '../matrix/cell-selection.ts'
import { selectsClause } from '../matrix/clause.ts'
import type { Matrix } from '../matrix/load.ts'
import { suggestion } from '../matrix/nearest.ts'
import { type FileProblem, type Parsed, parseYaml, type YamlFile } from '../matrix/yaml-file.ts'
import { checkShape } from '../matrix/yaml-shape.ts'
import { type Scenario, scenarioHeadSchema } from './scenario.ts'
import { checkSteps } from './step-check.ts'

/** What scenario files are held against: the claims, and the cells they expand to. */
export interface ScenarioContext {
  readonly matrix: Pick<Matrix, 'clauses' | 'platforms'>
  readonly cells: readonly Cell[]
}

/** The scenario files under `folder` (this one by default), the proof call first, the others by path. */
export function scenarioFiles(folder: string = import.meta.dirname): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
  const rank = (name: string): string => (name === 'proof-call.yaml' ? '' : name)
  return names.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).map((name) => join(folder, name))
}

/** Reads scenario files. Good ones come back even when others are bad; whoever wants all or nothing looks at `problems`. */
export function loadScenarios(files: readonly string[], context: ScenarioContext): { scenarios: Scenario[]; problems: FileProblem[] } {
  const scenarios: Scenario[] = []
  const problems: FileProblem[] = []
  for (const path of files) {
    const file = relative(process.cwd(), path)
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      problems.push({ file, line: 1, column: 1, message: 'cannot be read', hint: (error as Error).message })
      continue
    }
    const parsed = parseScenario(text, file, context)
    if (!parsed.ok) {
      problems.push(...parsed.problems)
      continue
    }
    const twin = scenarios.find(({ id }) => id === parsed.value.id)
    if (twin) problems.push({ file, line: 1, column: 1, message: `the scenario id "${twin.id}" is taken`, hint: `by ${twin.file}` })
    else scenarios.push(parsed.value)
  }
  return { scenarios, problems }
}

/** Reads one scenario. `file` is the name to show in problems. */
export function parseScenario(text: string, file: string, context: ScenarioContext): Parsed<Scenario> {
  const parsed = parseYaml(text, file)
  if (!parsed.ok) return parsed
  const yaml = parsed.value
  const head = checkShape(yaml, scenarioHeadSchema)
  const listed = (yaml.value as { steps?: unknown } | null)?.steps
  const steps = checkSteps(yaml, Array.isArray(listed) ? listed : [])
  const problems = [...(head.ok ? nameProblems(yaml, head.value, context) : head.problems), ...(steps.ok ? [] : steps.problems)]
  if (!head.ok || !steps.ok || problems.length > 0) return { ok: false, problems: problems.sort(inFileOrder) }
  const ids = context.matrix.clauses.map(({ id }) => id)
  const clauses = ids.filter((id) => head.value.clauses.some((selector) => selectsClause(selector, id)))
  return { ok: true, value: { ...head.value, clauses, steps: steps.value, file } }
}

const inFileOrder = (a: FileProblem, b: FileProblem): number => a.line - b.line || a.column - b.column

/** Names that are well formed but stand for nothing. */
function nameProblems(yaml: YamlFile, head: Omit<Scenario, 'steps' | 'file'>, context: ScenarioContext): FileProblem[] {
  const ids = context.matrix.clauses.map(({ id }) => id)
  const clauses = head.clauses.flatMap((selector, index) =>
    ids.some((id) => selectsClause(selector, id))
      ? []
      : [yaml.problem(['clauses', index], `unknown clause "${selector}"`, suggestion(selector, clauseSelectors(ids)))],
  )
  const twice = head.expectations.flatMap((id, index, all) =>
    all.indexOf(id) < index ? [yaml.problem(['expectations', index], `the expectation "${id}" is listed twice`)] : [],
  )
  return [...clauses, ...selectionProblems(yaml, head.applies, context), ...twice]
}

/** What can stand in `clauses`: parents first, because they are few. */
function clauseSelectors(ids: readonly string[]): Set<string> {
  const parents = ids.flatMap((id) =>
    id
      .split('.')
      .slice(0, -1)
      .map((_, index, words) => words.slice(0, index + 1).join('.')),
  )
  return new Set([...parents, ...ids])
}

function selectionProblems(yaml: YamlFile, applies: Scenario['applies'], { matrix, cells }: ScenarioContext): FileProblem[] {
  const known = matrix.platforms.map(({ id }) => id)
  const unknown = (applies.platform ?? []).flatMap((id, index) =>
    known.includes(id) ? [] : [yaml.problem(['applies', 'platform', index], `unknown platform "${id}"`, suggestion(id, known))],
  )
  if (unknown.length > 0) return unknown
  if (cells.some((cell) => cell.claimed && selects(applies, cell))) return []
  return [
    yaml.keyProblem([], 'applies', 'no claimed cell is selected', 'no platform claims this combination, or a rule of axes.yaml forbids it'),
  ]
}
