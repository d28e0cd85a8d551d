import { suggestion } from '../matrix/nearest.ts'
import type { FileProblem, Parsed, YamlFile } from '../matrix/yaml-file.ts'
import { checkShape } from '../matrix/yaml-shape.ts'
import { type Step, stepSchemas, type Verb, verbs } from './steps.ts'

/** Steps that make no sense before one of the others. */
const needs: Partial<Record<Verb, readonly Verb[]>> = {
  hear: ['call'],
  digits: ['call'],
  hangup: ['call'],
  expect_status: ['call', 'register', 'options', 'raw'],
}

/** Reads the steps of a scenario; fills in the ids that were left out (`2-hear`, `3-tls-client-expired`). */
export function checkSteps(yaml: YamlFile, listed: readonly unknown[]): Parsed<Step[]> {
  const problems: FileProblem[] = []
  const steps: Step[] = []
  const earlier = new Set<Verb>()
  const ids = new Set<string>()
  listed.forEach((entry, index) => {
    const path = ['steps', index]
    const verb = findVerb(yaml, entry, path, problems)
    if (verb === undefined) return
    const checked = checkShape<unknown>(yaml, stepSchemas[verb], path)
    if (!checked.ok) {
      problems.push(...checked.problems)
      earlier.add(verb)
      return
    }
    const value = checked.value as Step & { readonly id?: string }
    const step = { ...value, id: value.id ?? `${index + 1}-${nameOf(value, verb)}` } as Step
    if (ids.has(step.id)) problems.push(yaml.problem([...path, 'id'], `the step id "${step.id}" is used twice`))
    if (step.together && index === 0) {
      problems.push(yaml.keyProblem(path, 'together', 'the first step has no step before it to run together with'))
    }
    const wanted = needs[verb]
    if (wanted && !wanted.some((other) => earlier.has(other))) {
      problems.push(
        yaml.keyProblem(path, verb, `${verb} has nothing to work on`, `put ${wanted.join(', ').replace(/, (?=[^,]*$)/, ' or ')} before it`),
      )
    }
    ids.add(step.id)
    earlier.add(verb)
    steps.push(step)
  })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: steps }
}

/** What a step without a name of its own is called after its number: its verb, and what is tried beside calls. */
function nameOf(step: Step, verb: Verb): string {
  if ('tls' in step) return `tls-${step.tls.case}`
  if (!('osrtp' in step)) return verb.replace('_', '-')
  const { offerer, edge, peer } = step.osrtp
  return offerer === 'edge' ? `osrtp-edge-${edge}-to-peer-${peer}` : `osrtp-peer-${peer}-to-edge-${edge}`
}

function findVerb(yaml: YamlFile, entry: unknown, path: (string | number)[], problems: FileProblem[]): Verb | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    const verb = verbs.find((name) => name === entry)
    problems.push(yaml.problem(path, 'a step is a mapping', verb ? `write "${verb}: {}"` : `such as "${verbs[0]}: {}"`))
    return undefined
  }
  const found = verbs.filter((verb) => Object.hasOwn(entry, verb))
  if (found.length === 1) return found[0]
  const unknown = Object.keys(entry).filter((key) => key !== 'id' && key !== 'together')
  if (found.length > 1)
    problems.push(yaml.keyProblem(path, found[1]!, `one step does one thing, not ${found.join(' and ')}`, 'make them two steps'))
  else if (unknown.length === 0) problems.push(yaml.problem(path, 'the step does nothing', `known: ${verbs.join(', ')}`))
  else problems.push(yaml.keyProblem(path, unknown[0]!, `unknown step "${unknown[0]}"`, suggestion(unknown[0]!, verbs)))
  return undefined
}
