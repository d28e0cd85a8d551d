import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { z } from 'zod'
import { type AxesFile, axesFileSchema } from './axes-file.ts'
import { type Clause, type ClausesFile, clausesFileSchema } from './clause.ts'
import { suggestion } from './nearest.ts'
import { type Platform, platformSchema } from './platform.ts'
import { type FileProblem, InvalidFiles, parseYaml, type YamlFile } from './yaml-file.ts'
import { checkShape } from './yaml-shape.ts'

/** Everything the guide claims, as data. */
export interface Matrix {
  readonly axes: AxesFile
  /** In the order of the guide's rows. */
  readonly platforms: readonly Platform[]
  readonly clauses: readonly Clause[]
  readonly guide: ClausesFile['guide']
}

/**
 * Reads `axes.yaml`, `clauses.yaml` and `platforms/*.yaml` from `folder` (this one by default).
 * Throws `InvalidFiles` with every problem of every file: without claims there is nothing to try.
 */
export function loadMatrix(folder: string = import.meta.dirname): Matrix {
  const problems: FileProblem[] = []
  const read = <T>(name: string, schema: z.ZodType<T>): { yaml: YamlFile; value: T } | undefined => {
    const file = relative(process.cwd(), join(folder, name))
    const yaml = parseYaml(readFileSync(join(folder, name), 'utf8'), file)
    const checked = yaml.ok ? checkShape(yaml.value, schema) : yaml
    if (yaml.ok && checked.ok) return { yaml: yaml.value, value: checked.value }
    if (!checked.ok) problems.push(...checked.problems)
    return undefined
  }

  const axes = read('axes.yaml', axesFileSchema)
  const clauses = read('clauses.yaml', clausesFileSchema)
  const names = readdirSync(join(folder, 'platforms')).filter((name) => name.endsWith('.yaml'))
  const platforms = names.sort().map((name) => ({ name, read: read(join('platforms', name), platformSchema) }))
  if (!axes || !clauses || problems.length > 0) throw new InvalidFiles(problems)

  const clauseIds = clauses.value.clauses.map((clause) => clause.id)
  const platformIds = platforms.flatMap(({ read }) => read?.value.id ?? [])
  clauseIds.forEach((id, index) => {
    if (clauseIds.indexOf(id) < index) problems.push(clauses.yaml.problem(['clauses', index, 'id'], `the clause id "${id}" is used twice`))
  })
  clauses.value.clauses.forEach((clause, index) => {
    clause.cells?.platform?.forEach((id, place) => {
      if (platformIds.includes(id)) return
      problems.push(
        clauses.yaml.problem(['clauses', index, 'cells', 'platform', place], `unknown platform "${id}"`, suggestion(id, platformIds)),
      )
    })
  })
  axes.value.rules.forEach((rule, index) => {
    if (clauseIds.includes(rule.clause)) return
    problems.push(axes.yaml.problem(['rules', index, 'clause'], `unknown clause "${rule.clause}"`, suggestion(rule.clause, clauseIds)))
  })
  for (const { name, read } of platforms) if (read) problems.push(...platformProblems(name, read.yaml, read.value, clauseIds))
  if (problems.length > 0) throw new InvalidFiles(problems)

  const rows = platforms.flatMap(({ read }) => read?.value ?? []).sort((a, b) => a.row - b.row)
  return { axes: axes.value, platforms: rows, clauses: clauses.value.clauses, guide: clauses.value.guide }
}

function platformProblems(name: string, yaml: YamlFile, platform: Platform, clauseIds: readonly string[]): FileProblem[] {
  const problems: FileProblem[] = []
  if (name !== `${platform.id}.yaml`)
    problems.push(yaml.problem(['id'], `the platform "${platform.id}" stands in ${name}`, `name the file ${platform.id}.yaml`))
  for (const [axis, claim] of Object.entries(platform.claims)) {
    claim.from.forEach((id, index) => {
      if (clauseIds.includes(id)) return
      problems.push(yaml.problem(['claims', axis, 'from', index], `unknown clause "${id}"`, suggestion(id, clauseIds)))
    })
  }
  return problems
}
