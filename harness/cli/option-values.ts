/** Reads the values of command-line options. Each function throws a UsageError that says what would have been right. */
import { type FaultName, faultCatalogue } from '../../endpoint/faults.ts'
import { type AxisName, type AxisSelection, axisNames, axisValues, isAxisName } from '../../matrix/axes.ts'
import { suggestion } from '../../matrix/nearest.ts'
import { UsageError } from '../errors.ts'
import type { Shard } from '../plan-options.ts'
import type { EdgeChoice } from '../run-options.ts'

/** `NAME=VALUE[,VALUE…]`, added to what the option said before: values of one axis add up. */
export function readAxis(text: string, before: AxisSelection = {}): AxisSelection {
  const [name = '', list] = splitOnce(text, '=')
  if (!isAxisName(name)) throw new UsageError(`unknown axis "${name}"`, suggestion(name, axisNames))
  const known: readonly string[] = axisValues[name]
  const values = listOf(list ?? '')
  if (values.length === 0) throw new UsageError(`--axis ${name} needs a value`, `--axis ${name}=${known.join(` or --axis ${name}=`)}`)
  const unknown = values.find((value) => !known.includes(value))
  if (unknown !== undefined) throw new UsageError(`unknown value "${unknown}" on the axis ${name}`, suggestion(unknown, known))
  return withValues(before, name, values)
}

function withValues(before: AxisSelection, axis: AxisName, values: readonly string[]): AxisSelection {
  return { ...before, [axis]: [...new Set([...(before[axis] ?? []), ...values])] }
}

/** `a,b`, added to what the option said before. */
export function readList(text: string, before: readonly string[] = []): readonly string[] {
  const values = listOf(text)
  if (values.length === 0) throw new UsageError('an empty name selects nothing')
  return [...new Set([...before, ...values])]
}

/** One of the keys of `known`; `what` is what they are called. */
export function oneOf<T extends string>(what: string, known: Readonly<Record<T, string>>): (text: string) => T {
  return (text) => {
    if (!Object.hasOwn(known, text)) throw new UsageError(`unknown ${what} "${text}"`, suggestion(text, Object.keys(known)))
    return text as T
  }
}

/** A whole number from `least` on. */
export function wholeNumber(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new UsageError(`${option} is a whole number from ${least} on, not "${text}"`)
    }
    return value
  }
}

/** `i/n` */
export function readShard(text: string): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number)
  if (index === undefined || count === undefined || index < 1 || index > count) {
    throw new UsageError(`--shard is i/n with i from 1 to n, not "${text}"`, 'for the first of four parts: --shard 1/4')
  }
  return { index, count }
}

/** `reference`, or the SIP URI of somebody's edge. */
export function readEdge(text: string): EdgeChoice {
  if (text === 'reference') return { kind: 'reference' }
  if (/^sips?:[^\s@]*@?[^\s@;:]+/i.test(text)) return { kind: 'remote', uri: text }
  throw new UsageError(
    `--edge is "reference" or a SIP URI, not "${text}"`,
    `for an edge of your own: --edge sip:${/^[\w.-]+$/.test(text) ? text : 'HOST'}`,
  )
}

/** `edge:NAME` or `peer:NAME`, added to what the option said before. */
export function readFault(text: string, before: PlantedFaults = { edge: [], peer: [] }): PlantedFaults {
  const [side = '', name = ''] = splitOnce(text, ':')
  if (side !== 'edge' && side !== 'peer') throw new UsageError(`--fault is edge:NAME or peer:NAME, not "${text}"`)
  if (!Object.hasOwn(faultCatalogue, name)) throw new UsageError(`unknown fault "${name}"`, suggestion(name, Object.keys(faultCatalogue)))
  return { ...before, [side]: [...before[side], name as FaultName] }
}

interface PlantedFaults {
  readonly edge: readonly FaultName[]
  readonly peer: readonly FaultName[]
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
