/**
 * Imports point one way. Reads every source file, follows its imports (types, re-exports and
 * dynamic ones too) and says where an arrow is broken or a circle is closed.
 *
 *   node test/arrows.ts
 */
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { parseSync } from 'oxc-parser'

/** Which folders a folder may import, itself aside. Folders not named here (tests, benchmarks) may import all of these. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  endpoint: ['protocol'],
  edge: ['endpoint', 'protocol'],
  matrix: [],
  scenarios: ['matrix'],
  reports: ['protocol'],
  // Not the edge: any SIP edge can stand in its place, so it is met over the wire and its HTTP API alone.
  harness: ['matrix', 'scenarios', 'reports', 'protocol', 'endpoint'],
}

/** protocol/ is bytes and events in, values and actions out: of Node it takes computation, never a socket, file or process. */
const pureFolder = 'protocol'
const pureBuiltins = new Set(['node:buffer', 'node:crypto', 'node:util'])

interface Import {
  /** As written. */
  readonly specifier: string
  readonly line: number
}

/** Every import of a source text, in order. */
function importsOf(file: string, source: string): Import[] {
  const { module, errors } = parseSync(file, source)
  const error = errors[0]
  if (error) throw new Error(`${file} cannot be parsed: ${error.message}`)
  const requests = [
    ...module.staticImports.map((found) => found.moduleRequest),
    ...module.staticExports.flatMap((found) => found.entries.flatMap((entry) => entry.moduleRequest ?? [])),
  ].map(({ value, start }) => ({ value, start }))
  // The module record leaves out `type T = import('./x.ts').T`; dynamic imports are found the same way.
  for (const found of source.matchAll(/\bimport\(\s*(['"])(.+?)\1/g)) requests.push({ value: found[2] ?? '', start: found.index })
  return requests.map(({ value, start }) => ({ specifier: value, line: source.slice(0, start).split('\n').length }))
}

const folderOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '')

function brokenArrow(from: string, { specifier, line }: Import, to: string | undefined): string | undefined {
  const folder = folderOf(from)
  const allowed = mayImport[folder]
  if (!allowed) return undefined
  if (to === undefined) {
    if (folder !== pureFolder || from.endsWith('.test.ts') || !isBuiltin(specifier) || pureBuiltins.has(specifier)) return undefined
    return `${from}:${line} imports ${specifier}: ${pureFolder}/ is pure, of Node's own modules it may import ${[...pureBuiltins].join(', ')}`
  }
  const target = folderOf(to)
  // Files at the top belong to all: package.json is read for the version.
  if (target === folder || target === '' || allowed.includes(target)) return undefined
  const may = allowed.length === 0 ? 'no other folder' : allowed.map((name) => `${name}/`).join(', ')
  return `${from}:${line} imports ${to}: ${folder}/ may import ${may}`
}

/** Circles in the graph, each as the files on it, the first again at the end. One is reported for every edge that closes a circle. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    const at = path.indexOf(file)
    if (at >= 0) {
      found.push([...path.slice(at), file])
      return
    }
    if (done.has(file)) return
    path.push(file)
    for (const next of graph.get(file) ?? []) visit(next)
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) visit(file)
  return found
}

/** What is wrong with the imports of the TypeScript sources under `root`, a line each; none when all is well. */
export function checkArrows(root: string): string[] {
  const files = globSync('**/*.ts', { cwd: root, exclude: ['**/node_modules/**', 'runs/**'] }).sort()
  const problems: string[] = []
  const graph = new Map<string, string[]>()
  for (const file of files) {
    const targets: string[] = []
    for (const found of importsOf(file, readFileSync(join(root, file), 'utf8'))) {
      const to = found.specifier.startsWith('.') ? relative(root, join(root, dirname(file), found.specifier)) : undefined
      if (to !== undefined) targets.push(to)
      const problem = brokenArrow(file, found, to)
      if (problem) problems.push(problem)
    }
    graph.set(file, targets)
  }
  for (const circle of circles(graph)) problems.push(`imports go round in a circle: ${circle.join(' -> ')}`)
  return problems
}

if (import.meta.main) {
  const problems = checkArrows(join(import.meta.dirname, '..'))
  for (const problem of problems) console.log(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
