/** What the address after `#` says: which page, filtered how. Everything one can look at has an address that can be sent to somebody. */
import type { PageCell } from '../page-data.ts'

export type Route =
  | { readonly page: 'matrix'; readonly view: 'axes' | 'cells' }
  | { readonly page: 'cells'; readonly filter: Filter; readonly sort: string }
  | {
      readonly page: 'cell'
      readonly id: string
      readonly scenario: string
      readonly filter: Filter
      readonly attempt: number | undefined
      readonly message: number | undefined
    }
  | { readonly page: 'clauses' }
  | { readonly page: 'run' }

/** Chosen values by name; a cell passes when it has one of the values of every name. */
export type Filter = ReadonlyMap<string, readonly string[]>

/** Names that filter, in the order the filter bar shows them. */
export const filterNames = [
  ...['verdict', 'platform', 'direction', 'transport', 'media', 'registration', 'dtmf', 'codec', 'nat'],
  ...['fidelity', 'scenario', 'claimed', 'expectation', 'clause', 'deviation', 'reason', 'cell', 'q'],
] as const

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  const parameters = new URLSearchParams(query)
  const [page, ...rest] = path.split('/').filter(Boolean).map(decodeSafely)
  const filter = filterOf(parameters)
  if (page === 'cells') return { page, filter, sort: parameters.get('sort') ?? '' }
  if (page === 'cell' && rest.length === 2) {
    const number = (name: string) => Number(parameters.get(name)) || undefined
    return { page, id: rest[0]!, scenario: rest[1]!, filter, attempt: number('attempt'), message: number('message') }
  }
  if (page === 'clauses' || page === 'run') return { page }
  return { page: 'matrix', view: page === 'map' ? 'cells' : 'axes' }
}

function decodeSafely(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function filterOf(parameters: URLSearchParams): Filter {
  const filter = new Map<string, string[]>()
  for (const name of filterNames) {
    const values = parameters.getAll(name).filter((value) => value !== '')
    if (values.length > 0) filter.set(name, values)
  }
  return filter
}

function query(filter: Filter, extra: Readonly<Record<string, string | number | undefined>> = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, values] of filter) for (const value of values) parameters.append(name, value)
  for (const [name, value] of Object.entries(extra)) if (value !== undefined && value !== '') parameters.set(name, String(value))
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

export function cellsHref(filter: Filter | Readonly<Record<string, string | readonly string[] | undefined>>, sort = ''): string {
  const map: Filter = filter instanceof Map ? filter : toFilter(filter as Readonly<Record<string, string | readonly string[] | undefined>>)
  return `#/cells${query(map, { sort })}`
}

function toFilter(record: Readonly<Record<string, string | readonly string[] | undefined>>): Filter {
  const filter = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(record)) if (value !== undefined) filter.set(name, typeof value === 'string' ? [value] : value)
  return filter
}

export function cellHref(
  cell: { id: string; scenario: string },
  filter: Filter = new Map(),
  extra: { attempt?: number | undefined; message?: number | undefined } = {},
): string {
  return `#/cell/${encodeURIComponent(cell.id)}/${encodeURIComponent(cell.scenario)}${query(filter, extra)}`
}

/** The cells a filter lets through. */
export function filterCells(cells: readonly PageCell[], filter: Filter): PageCell[] {
  return cells.filter((cell) => [...filter].every(([name, wanted]) => matches(cell, name, wanted)))
}

function matches(cell: PageCell, name: string, wanted: readonly string[]): boolean {
  switch (name) {
    case 'q':
      return wanted.every((text) => searchText(cell).includes(text.toLowerCase()))
    case 'expectation':
      return cell.expectations.some(({ id }) => wanted.includes(id))
    case 'clause':
      return cell.clauses.some((id) => wanted.includes(id))
    case 'deviation':
      return cell.deviations.some((id) => wanted.includes(id))
    default:
      return wanted.includes(valueOfCell(cell, name))
  }
}

/** The one value a cell has under a filter's name. */
export function valueOfCell(cell: PageCell, name: string): string {
  switch (name) {
    case 'cell':
      return cell.id
    case 'claimed':
      return cell.claimed ? 'yes' : 'no'
    case 'reason':
      return cell.reason ?? ''
    case 'verdict':
    case 'platform':
    case 'fidelity':
    case 'scenario':
      return cell[name]
    default:
      return (cell.axes as Readonly<Record<string, string>>)[name] ?? ''
  }
}

function searchText(cell: PageCell): string {
  const broken = cell.expectations.flatMap(({ id, title, seen }) => [id, title, seen])
  return [cell.id, cell.scenario, cell.reason ?? '', ...cell.deviations, ...broken].join(' ').toLowerCase()
}

/** A path of the run folder as a relative link; anything that would leave the folder leads nowhere. */
export function fileHref(path: string): string | undefined {
  const parts = path.split('/')
  if (path.startsWith('/') || parts.includes('..')) return undefined
  return `./${parts.map(encodeURIComponent).join('/')}`
}
