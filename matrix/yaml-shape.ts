/** Holds a YAML file against a zod schema, and says what is wrong in words that name what was expected. */
import { z } from 'zod'
import { suggestion } from './nearest.ts'
import type { FileProblem, Parsed, YamlFile } from './yaml-file.ts'

type Issue = z.core.$ZodIssue

/** The file's value as `schema` reads it, or every problem with its place. `under` is the path of the part to check; the whole file without it. */
export function checkShape<T>(yaml: YamlFile, schema: z.ZodType<T>, under: readonly PropertyKey[] = []): Parsed<T> {
  const part = valueAt(yaml.value, under)
  const result = schema.safeParse(part)
  if (result.success) return { ok: true, value: result.data }
  return { ok: false, problems: result.error.issues.flatMap((issue) => problemsOf(yaml, schema, under, part, issue)) }
}

function problemsOf(yaml: YamlFile, schema: z.ZodType, under: readonly PropertyKey[], part: unknown, issue: Issue): FileProblem[] {
  const path = [...under, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path)
    return issue.keys.map((key) => yaml.keyProblem(path, key, `unknown key "${key}"`, known && suggestion(key, known)))
  }
  const seen = valueAt(part, issue.path)
  const name = issue.path.at(-1)
  if (seen === undefined && typeof name === 'string') {
    return [yaml.problem(path, `the key "${name}" is missing`, issue.message === 'Invalid input' ? undefined : expectation(issue))]
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String)
    return [
      yaml.problem(
        path,
        `unknown value ${show(seen)}${name === undefined ? '' : ` for ${label(issue.path)}`}`,
        suggestion(String(seen), known),
      ),
    ]
  }
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    return [yaml.problem(path, `${label(issue.path)} must be ${expectation(issue)}, not ${kindOf(seen)}`, quotes(issue, seen))]
  }
  return [yaml.problem(path, issue.path.length === 0 || issue.code === 'custom' ? issue.message : `${label(issue.path)}: ${issue.message}`)]
}

/** A number where a text is wanted is nearly always a text without its quotes. */
function quotes(issue: Issue, seen: unknown): string | undefined {
  return issue.code === 'invalid_type' && issue.expected === 'string' && typeof seen === 'number' ? `write "${seen}"` : undefined
}

/** What would have been right, in a few words. */
function expectation(issue: Issue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`
  if (issue.code === 'invalid_union') return issue.errors.map((branch) => (branch[0] ? expectation(branch[0]) : 'a value')).join(' or ')
  if (issue.code !== 'invalid_type') return issue.message
  const words: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a mapping',
    record: 'a mapping',
  }
  return words[issue.expected] ?? issue.expected
}

/** `steps[2].hear.who` */
function label(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step + 1}]` : `.${String(step)}`)).join('')
  return text === '' ? 'the file' : text.replace(/^\./, '')
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? 'nothing')
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  return typeof value === 'string' ? `the text "${value}"` : String(value)
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = (current as Record<PropertyKey, unknown>)[step]
  }
  return current
}

/** The keys a strict mapping at `path` of the schema may have. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] | undefined {
  let current: unknown = unwrap(schema)
  for (const step of path) {
    if (current instanceof z.ZodObject) current = unwrap(current.shape[String(step)])
    else if (current instanceof z.ZodArray) current = unwrap(current.element)
    else if (current instanceof z.ZodRecord) current = unwrap(current.valueType)
    else return undefined
  }
  if (current instanceof z.ZodObject) return Object.keys(current.shape)
  if (current instanceof z.ZodRecord && current.keyType instanceof z.ZodEnum) return current.keyType.options.map(String)
  return undefined
}

function unwrap(schema: unknown): unknown {
  let current = schema
  while (current instanceof z.ZodOptional || current instanceof z.ZodDefault) current = current.unwrap()
  return current
}
