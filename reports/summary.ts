/** `summary.md`: the run on one screen, made for a pull request or a CI job page. */
import { failureGroups } from './failure-groups.ts'
import { buildCheckTable, buildGrid, type Counts, triedOf, verdictSymbol, worstVerdict } from './grid.ts'
import { headline } from './junit.ts'
import type { CellResult, ClauseVerdict, Results } from './schema/results.ts'
import { checkTitles, entryCount, fidelityFacts, skipReasons, verdictSentence } from './verdict-text.ts'

/** Longer lists end with how many more there are; report.html has all. */
const maxRows = 20

export function summaryMarkdown(results: Results): string {
  const sections = [
    `# ${verdictSentence(results)}`,
    facts(results),
    grid(results),
    checks(results),
    failures(results),
    cellList(results, 'Flaky', (cell) => cell.claimed && cell.verdict === 'flaky'),
    cellList(results, 'Without a result', (cell) => cell.claimed && (cell.verdict === 'error' || cell.verdict === 'inconclusive')),
    cellList(results, 'Unclaimed', (cell) => !cell.claimed && cell.verdict !== 'skipped'),
    clauses(results),
    deviations(results),
    skipped(results),
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}

function facts({ run, summary, ...results }: Results): string {
  const fidelity = fidelityFacts({ run, summary, ...results }).map(
    ({ fidelity, platforms, meaning }) => `- **${fidelity}** (${meaning}): ${platforms.map(text).join(', ')}`,
  )
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `Run \`${code(run.id)}\`, ${run.runtime}, strategy ${run.strategy}, seed ${run.seed}, ${(summary.wall_ms / 1000).toFixed(1)} s. ${text(versions.join(', '))}`,
    '',
    ...fidelity,
  ].join('\n')
}

function grid({ platforms, cells }: Results): string {
  const { axes, rows } = buildGrid(platforms, cells)
  const columns = axes.flatMap(({ axis, values }) => values.map((value) => ({ axis, value })))
  const lines = [
    `| Platform | Fidelity | ${columns.map(({ value }) => text(value)).join(' | ')} | all |`,
    `|---|---|${columns.map(() => '--:').join('|')}|--:|`,
    ...rows.map(
      (row) =>
        `| ${text(row.platform.title)} | ${row.fidelity} | ${[...row.fields, row.total].map(({ counts }) => field(counts)).join(' | ')} |`,
    ),
  ]
  return ['## Matrix', 'Proven of tried. ✓ proven, ✗ fails, ≈ flaky, ! error, ? inconclusive, – not tried.', lines.join('\n')].join('\n\n')
}

function checks({ platforms, checks }: Results): string {
  const { columns, rows } = buildCheckTable(platforms, checks)
  if (rows.length === 0) return ''
  const titles = checkTitles(checks)
  const lines = [
    `| Scenario | Expects | ${columns.map(({ platform, fidelity }) => `${text(platform.title)} (${fidelity})`).join(' | ')} | all |`,
    `|---|---|${columns.map(() => '--:').join('|')}|--:|`,
    ...rows.map(
      ({ scenario, fields, total }) =>
        `| ${text(scenario)} | ${text(titles[scenario] ?? '')} | ${[...fields, total].map(field).join(' | ')} |`,
    ),
  ]
  return ['## Checks', 'What further scenarios found in some of these cells: passed of tried.', lines.join('\n')].join('\n\n')
}

function field(counts: Counts): string {
  const worst = worstVerdict(counts)
  if (!worst) return ''
  return worst === 'skipped' ? '–' : `${verdictSymbol[worst]} ${ratio(counts)}`
}

function ratio(counts: Counts): string {
  return `${counts.pass}/${triedOf(counts)}`
}

function failures(results: Results): string {
  const groups = failureGroups([...results.cells, ...results.checks])
  if (groups.length === 0) return ''
  const lines = groups.slice(0, maxRows).flatMap((group) => {
    const { example, patterns, cells } = group
    const common = patterns.filter(({ shared }) => shared.length > 0)
    return [
      `- **${text(group.title)}** (${entryCount(cells)})`,
      ...(example ? [`  - expected ${inline(example.expected)}, seen ${inline(example.seen)}`] : []),
      ...common.map(({ shared, failing, tried }) => {
        const values = shared.map(({ name, value }) => `${name} ${value}`).join(', ')
        return `  - in common: ${text(values)} (${failing} of ${tried} tried like that)`
      }),
      ...(example?.cause ? [`  - likely cause: ${text(example.cause)}`] : []),
      ...(example?.remedy ? [`  - remedy: ${text(example.remedy)}`] : []),
      `  - e.g. \`${code(cells[0]!.rerun ?? cells[0]!.id)}\``,
    ]
  })
  return ['## Failures', [...lines, ...more(groups.length)].join('\n')].join('\n\n')
}

function cellList(results: Results, title: string, chosen: (cell: CellResult) => boolean): string {
  const cells = [...results.cells, ...results.checks].filter(chosen)
  if (cells.length === 0) return ''
  const lines = cells
    .slice(0, maxRows)
    .map(
      (cell) =>
        `- ${cell.claimed ? verdictSymbol[cell.verdict] : '○'} \`${code(cell.id)}\` ${cell.check ? `(${text(cell.scenario)}) ` : ''}${text(story(cell))}`,
    )
  return [`## ${title}`, [...lines, ...more(cells.length)].join('\n')].join('\n\n')
}

/** What happened in one line; of an unclaimed cell how it turned out. */
function story(cell: CellResult): string {
  if (!cell.probe) return headline(cell)
  return cell.reason ? `${cell.probe}: ${cell.reason}` : cell.probe
}

function clauses(results: Results): string {
  if (results.clauses.length === 0) return ''
  const order: ClauseVerdict[] = ['broken', 'flaky', 'unproven', 'proven', 'not applicable']
  const counts = order.map((verdict) => ({ verdict, found: results.clauses.filter((clause) => clause.verdict === verdict) }))
  const line = counts.filter(({ found }) => found.length > 0).map(({ verdict, found }) => `${found.length} ${verdict}`)
  const broken = counts.filter(({ verdict }) => verdict === 'broken' || verdict === 'flaky').flatMap(({ found }) => found)
  const lines = broken.slice(0, maxRows).map((clause) => `- **${clause.verdict}** \`${code(clause.id)}\` ${text(clause.title)}`)
  return [`## Clauses of the guide`, [`${line.join(', ')}.`, '', ...lines, ...more(broken.length)].join('\n').trimEnd()].join('\n\n')
}

function deviations(results: Results): string {
  const found = Map.groupBy(
    [...results.cells, ...results.checks].flatMap((cell) => cell.deviations.map((deviation) => ({ cell, deviation }))),
    ({ deviation }) => deviation.id,
  )
  if (found.size === 0) return ''
  const lines = [...found].map(([id, items]) => {
    const { detail, reference } = items[0]!.deviation
    const where = entryCount([...new Set(items.map(({ cell }) => cell))])
    return `- \`${code(id)}\` ${text(detail + (reference ? ` (${reference})` : ''))}: ${where}`
  })
  return ['## Deviations that did not stop a call', [...lines.slice(0, maxRows), ...more(lines.length)].join('\n')].join('\n\n')
}

function skipped(results: Results): string {
  const reasons = skipReasons(results)
  if (reasons.length === 0) return ''
  return [
    '## Not tried',
    [...reasons.slice(0, maxRows).map(({ reason, cells, checks }) => `- ${cells + checks}: ${text(reason)}`), ...more(reasons.length)].join(
      '\n',
    ),
  ].join('\n\n')
}

function more(count: number): string[] {
  return count > maxRows ? [`- … and ${count - maxRows} more, see report.html`] : []
}

/** Wire text must not become markup: a peer chooses what is "seen". */
function text(value: string): string {
  return value.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|~]/g, '\\$&')
}

function code(value: string): string {
  return value.replace(/\s+/g, ' ').replaceAll('`', '’')
}

function inline(value: string): string {
  return `\`${code(value).replaceAll('|', '¦')}\``
}
