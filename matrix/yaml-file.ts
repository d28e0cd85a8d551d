/**
 * A YAML file read by people's rules: every complaint about it names file, line and column.
 * Files are written by hand, so a bad one is a value (a list of problems), not an exception.
 */
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, type Pair, parseDocument, visit } from 'yaml'

/** One thing wrong with a file. Lines and columns count from 1. */
export interface FileProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  /** What to do about it, or the name that was probably meant. */
  readonly hint?: string
}

/** `file:line:column: message (hint)`, the form editors and terminals turn into a link. */
export function formatProblem(problem: FileProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`
  return `${place}: ${problem.message}${problem.hint === undefined ? '' : ` (${problem.hint})`}`
}

/** Thrown where files that must be right for anything to go on are not. */
export class InvalidFiles extends Error {
  override readonly name = 'InvalidFiles'
  readonly problems: readonly FileProblem[]

  constructor(problems: readonly FileProblem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

type Path = readonly PropertyKey[]

/** A parsed file: its plain value, and where in the text each part of it stands. */
export interface YamlFile {
  readonly file: string
  readonly value: unknown
  /** A problem at the value that `path` leads to; at the nearest enclosing value where the path ends early. */
  problem(path: Path, message: string, hint?: string): FileProblem
  /** A problem at the key `key` of the mapping that `path` leads to. */
  keyProblem(path: Path, key: string, message: string, hint?: string): FileProblem
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly FileProblem[] }

/** Parses one YAML 1.2 document. `file` is the name to show in problems. */
export function parseYaml(text: string, file: string): Parsed<YamlFile> {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const at = (offset: number, message: string, hint?: string): FileProblem => {
    const { line, col } = counter.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), message, ...(hint === undefined ? {} : { hint }) }
  }
  const complaints = [...document.errors, ...document.warnings]
  if (complaints.length > 0) return { ok: false, problems: complaints.map((error) => at(error.pos[0], complaint(error))) }
  if (document.contents === null) return { ok: false, problems: [at(0, 'the file is empty')] }

  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    // The library finds out about bad aliases only when it follows them.
    return { ok: false, problems: [at(unresolvedAlias(document) ?? 0, (error as Error).message)] }
  }
  const offsetOf = (path: Path): number => startOf(nodeAt(document.contents, path))
  return {
    ok: true,
    value: {
      file,
      value,
      problem: (path, message, hint) => at(offsetOf(path), message, hint),
      keyProblem: (path, key, message, hint) => {
        const parent = nodeAt(document.contents, path)
        const pair = isMap(parent) ? parent.items.find((item) => keyOf(item) === key) : undefined
        return at(isNode(pair?.key) ? startOf(pair.key) : startOf(parent), message, hint)
      },
    },
  }
}

function unresolvedAlias(document: Document): number | undefined {
  let offset: number | undefined
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined
      offset = startOf(alias)
      return visit.BREAK
    },
  })
  return offset
}

const complaint = (error: { code: string; message: string }): string =>
  error.code === 'MULTIPLE_DOCS' ? 'the file holds several documents, where one is wanted' : error.message.split('\n', 1)[0]!

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0)

const keyOf = (pair: Pair<unknown, unknown>): unknown => (isScalar(pair.key) ? String(pair.key.value) : pair.key)

/** The deepest node on the way along `path`: a missing key is reported where it is missing. */
function nodeAt(root: Node | null, path: Path): unknown {
  let node: unknown = root
  for (const step of path) {
    let next: unknown
    if (isMap(node)) next = node.items.find((item) => isPair(item) && keyOf(item) === String(step))?.value
    else if (isNode(node) && 'items' in node && Array.isArray(node.items)) next = node.items[Number(step)]
    if (!isNode(next)) return node
    node = next
  }
  return node
}
