/** The sentences every report opens with: what the run came to, and how faithful its peers were. */
import type { CellResult, Fidelity, Results, Summary } from './schema/results.ts'

/** A row names this many expectations. */
const titlesShown = 3

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`
}

/** "4 cells and 2 checks", leaving out what there is none of. */
export function entryCount(entries: readonly Pick<CellResult, 'check'>[]): string {
  const checks = entries.filter((entry) => entry.check).length
  return joined([checks < entries.length ? plural(entries.length - checks, 'cell') : '', checks > 0 ? plural(checks, 'check') : ''])
}

function joined(parts: readonly string[]): string {
  const said = parts.filter(Boolean)
  return said.length < 2 ? (said[0] ?? '') : `${said.slice(0, -1).join(', ')} and ${said.at(-1)}`
}

/** The run's verdict in one sentence. It never says "proven" of more than was tried, nor of a product where a persona stood in for it. */
export function verdictSentence({ summary, run, cells, checks }: Results): string {
  const skipped = [
    summary.skipped > 0 ? plural(summary.skipped, 'claimed cell') : '',
    summary.checks.skipped > 0 ? plural(summary.checks.skipped, 'check') : '',
  ]
  const left = joined(skipped) && ` ${joined(skipped)} ${summary.skipped + summary.checks.skipped === 1 ? 'was' : 'were'} not tried.`
  const stopped = run.interrupted ? ' The run did not finish.' : ''
  const byCells = summary.cells > summary.skipped
  const byChecks = summary.checks.total > summary.checks.skipped
  if (!byCells && !byChecks) return `Nothing was proven: no claimed cell was tried.${left}${stopped}`
  const parts = [
    byCells ? cellsPart(summary, onPersonas(cells)) : 'No claimed cell was tried',
    byChecks ? checksPart(summary.checks, byCells ? '' : onPersonas(checks)) : '',
  ]
  return `${parts.filter(Boolean).join('; ')}.${left}${stopped}`
}

function onPersonas(entries: readonly CellResult[]): string {
  const passed = entries.filter((entry) => entry.claimed && entry.verdict === 'pass')
  return passed.length > 0 && passed.every((entry) => entry.fidelity === 'persona') ? ' on personas' : ''
}

function cellsPart({ cells, pass, fail, flaky, inconclusive, error, skipped }: Summary, on: string): string {
  const tried = cells - skipped
  const broken = joined([
    fail > 0 ? plural(fail, 'cell fails', 'cells fail') : '',
    flaky > 0 ? plural(flaky, 'is flaky', 'are flaky') : '',
    error + inconclusive > 0 ? `${plural(error + inconclusive, 'has', 'have')} no result` : '',
  ])
  if (broken)
    return `${pass.toLocaleString('en-US')} of ${plural(tried, 'claimed cell')} tried ${pass === 1 ? 'is' : 'are'} proven${on}; ${broken}`
  return tried === 1
    ? `The one claimed cell that was tried is proven${on}`
    : `All ${plural(tried, 'claimed cell')} that were tried are proven${on}`
}

function checksPart({ total, pass, fail, flaky, inconclusive, error, skipped }: Summary['checks'], on: string): string {
  const broken = joined([
    fail > 0 ? plural(fail, 'fails', 'fail') : '',
    flaky > 0 ? plural(flaky, 'is flaky', 'are flaky') : '',
    error + inconclusive > 0 ? `${plural(error + inconclusive, 'has', 'have')} no result` : '',
  ])
  const tried = total - skipped
  const passed = `${pass.toLocaleString('en-US')} of ${plural(tried, 'check')} ${tried === 1 ? 'passes' : 'pass'}${on}`
  return broken ? `${passed}: ${broken}` : passed
}

const fidelityMeaning: Record<Fidelity, string> = {
  real: 'the product itself ran',
  persona: 'emulated: a pass is the persona’s, not the vendor’s',
  remote: 'somebody’s live system',
}

/** Which platforms ran as what, one entry per fidelity that was tried. */
export function fidelityFacts(results: Results): { fidelity: Fidelity; platforms: string[]; meaning: string }[] {
  const titles = new Map(results.platforms.map((platform) => [platform.id, platform.title]))
  const order: Fidelity[] = ['real', 'remote', 'persona']
  return order.flatMap((fidelity) => {
    const tried = [...results.cells, ...results.checks].filter((cell) => cell.fidelity === fidelity && cell.verdict !== 'skipped')
    const platforms = [...new Set(tried.map((cell) => titles.get(cell.platform) ?? cell.platform))]
    return platforms.length === 0 ? [] : [{ fidelity, platforms, meaning: fidelityMeaning[fidelity] }]
  })
}

/** What each scenario of the checks expects, as far as any was judged, in the words of its expectations. */
export function checkTitles(checks: readonly Pick<CellResult, 'scenario' | 'expectations'>[]): Record<string, string> {
  const titles = new Map<string, Set<string>>()
  for (const { scenario, expectations } of checks) {
    const known = titles.get(scenario) ?? new Set()
    for (const { title } of expectations) known.add(title)
    titles.set(scenario, known)
  }
  return Object.fromEntries([...titles].map(([scenario, own]) => [scenario, listed([...own])]))
}

function listed(titles: readonly string[]): string {
  const rest = titles.length - titlesShown
  return [...titles.slice(0, titlesShown), ...(rest > 0 ? [`${rest} more`] : [])].join(' · ')
}

/** Reasons cells and checks were skipped for, the commonest first. */
export function skipReasons(results: Results): { reason: string; cells: number; checks: number }[] {
  const skipped = [...results.cells, ...results.checks].filter((entry) => entry.verdict === 'skipped')
  return [...Map.groupBy(skipped, (entry) => entry.reason ?? 'no reason given')]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([reason, entries]) => {
      const checks = entries.filter((entry) => entry.check).length
      return { reason, cells: entries.length - checks, checks }
    })
}
