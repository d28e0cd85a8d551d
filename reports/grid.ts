/**
 * The guide's matrix as a grid: a row per platform (and fidelity, so that a persona's
 * passes never stand in the product's row), a column per axis value; and the checks of its
 * cells as a table of scenarios. Pure; the Markdown summary renders them on the machine of
 * the run, report.html in the reader's browser.
 */
import type { AxisValues, CellResult, Fidelity, PlatformInfo, Verdict } from './schema/results.ts'

/** The order in which axes and values are shown: the guide's own. Values it does not know follow in order of appearance. */
const axisOrder: readonly (readonly [keyof AxisValues, readonly string[]])[] = [
  ['direction', ['inbound', 'outbound']],
  ['transport', ['udp', 'tcp', 'tls']],
  ['media', ['rtp', 'sdes', 'dtls', 'osrtp-sdes', 'osrtp-dtls']],
  ['registration', ['static', 'register']],
  ['dtmf', ['rfc4733', 'info']],
  ['nat', ['none', 'symmetric']],
  ['codec', ['pcmu', 'pcma', 'opus']],
]

export type GridCell = Pick<CellResult, 'platform' | 'axes' | 'claimed' | 'fidelity' | 'verdict'>
export type Counts = Record<Verdict, number>

export interface GridAxis {
  readonly axis: keyof AxisValues
  readonly values: string[]
}

export interface GridField {
  readonly counts: Counts
  /** Whether the platform claims this value; undefined when the plan did not say. */
  readonly claimed: boolean | undefined
}

export interface GridRow {
  readonly platform: PlatformInfo
  readonly fidelity: Fidelity
  /** One field per axis value, in the order of the axes. */
  readonly fields: GridField[]
  readonly total: GridField
}

export interface Grid {
  readonly axes: GridAxis[]
  readonly rows: GridRow[]
}

/** Axes with every value that occurs, in the guide's order. */
export function gridAxes(cells: readonly Pick<GridCell, 'axes'>[]): GridAxis[] {
  return axisOrder.map(([axis, known]) => {
    const present = new Set(cells.map((cell) => cell.axes[axis]))
    const unknown = [...present].filter((value) => !known.includes(value))
    return { axis, values: [...known.filter((value) => present.has(value)), ...unknown] }
  })
}

/** Counts claimed cells only: an unclaimed cell can neither prove nor break what the grid shows. */
export function buildGrid(platforms: readonly PlatformInfo[], cells: readonly GridCell[]): Grid {
  const claimed = cells.filter((cell) => cell.claimed)
  const axes = gridAxes(claimed)
  const rows = platforms.flatMap((platform) => {
    const own = claimed.filter((cell) => cell.platform === platform.id)
    return fidelitiesOf(own).map((fidelity): GridRow => {
      const row = own.filter((cell) => cell.fidelity === fidelity)
      const fields = axes.flatMap(({ axis, values }) =>
        values.map((value): GridField => {
          const counts = countVerdicts(row.filter((cell) => cell.axes[axis] === value))
          return { counts, claimed: platform.claims?.[axis]?.includes(value) }
        }),
      )
      return { platform, fidelity, fields, total: { counts: countVerdicts(row), claimed: true } }
    })
  })
  return { axes, rows }
}

export interface CheckColumn {
  readonly platform: PlatformInfo
  readonly fidelity: Fidelity
}

export interface CheckRow {
  readonly scenario: string
  readonly total: Counts
  /** One per column. */
  readonly fields: Counts[]
}

/** Checks of claimed cells: a row per scenario, a column per platform and fidelity that has any. */
export function buildCheckTable(
  platforms: readonly PlatformInfo[],
  checks: readonly (GridCell & Pick<CellResult, 'scenario'>)[],
): { columns: CheckColumn[]; rows: CheckRow[] } {
  const claimed = checks.filter((check) => check.claimed)
  const columns = platforms.flatMap((platform) =>
    fidelitiesOf(claimed.filter((check) => check.platform === platform.id)).map((fidelity) => ({ platform, fidelity })),
  )
  const rows = [...Map.groupBy(claimed, (check) => check.scenario)].map(([scenario, own]) => ({
    scenario,
    total: countVerdicts(own),
    fields: columns.map(({ platform, fidelity }) =>
      countVerdicts(own.filter((check) => check.platform === platform.id && check.fidelity === fidelity)),
    ),
  }))
  return { columns, rows }
}

/** A platform’s fidelities, the product itself first. */
function fidelitiesOf(cells: readonly Pick<GridCell, 'fidelity'>[]): Fidelity[] {
  const order: Fidelity[] = ['real', 'remote', 'persona']
  return order.filter((fidelity) => cells.some((cell) => cell.fidelity === fidelity))
}

export function countVerdicts(cells: readonly Pick<GridCell, 'verdict'>[]): Counts {
  const counts: Counts = { pass: 0, fail: 0, flaky: 0, inconclusive: 0, error: 0, skipped: 0 }
  for (const cell of cells) counts[cell.verdict]++
  return counts
}

export function triedOf(counts: Counts): number {
  return counts.pass + counts.fail + counts.flaky + counts.inconclusive + counts.error
}

/** The verdict a field is coloured by: the one that needs attention most. Undefined when it holds no cell. */
export function worstVerdict(counts: Counts): Verdict | undefined {
  const order: Verdict[] = ['fail', 'error', 'flaky', 'inconclusive', 'pass', 'skipped']
  return order.find((verdict) => counts[verdict] > 0)
}

/** One character per verdict, so that no meaning hangs on colour alone. */
export const verdictSymbol: Record<Verdict, string> = { pass: '✓', fail: '✗', flaky: '≈', inconclusive: '?', error: '!', skipped: '–' }
