/** The sentences every report opens with: what the run came to, and how faithful its peers were. */
import type { Fidelity, Results } from './schema/results.ts'

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`
}

/** The run's verdict in one sentence. It never says "proven" of more than was tried, nor of a product where a persona stood in for it. */
export function verdictSentence({ summary, run, cells: all }: Results): string {
  const { cells, pass, fail, flaky, inconclusive, error, skipped } = summary
  const tried = cells - skipped
  const stopped = run.interrupted ? ' The run did not finish.' : ''
  const left = skipped > 0 ? ` ${plural(skipped, 'claimed cell')} ${skipped === 1 ? 'was' : 'were'} not tried.` : ''
  if (tried === 0) return `Nothing was proven: no claimed cell was tried.${left}${stopped}`
  const passed = all.filter((cell) => cell.claimed && cell.verdict === 'pass')
  const proven = passed.length > 0 && passed.every((cell) => cell.fidelity === 'persona') ? 'proven on personas' : 'proven'
  const broken = [
    fail > 0 ? `${plural(fail, 'cell fails', 'cells fail')}` : '',
    flaky > 0 ? `${plural(flaky, 'is flaky', 'are flaky')}` : '',
    error + inconclusive > 0 ? `${plural(error + inconclusive, 'has', 'have')} no result` : '',
  ].filter(Boolean)
  if (broken.length === 0) {
    const all =
      tried === 1
        ? `The one claimed cell that was tried is ${proven}.`
        : `All ${plural(tried, 'claimed cell')} that were tried are ${proven}.`
    return `${all}${left}${stopped}`
  }
  const list = broken.length === 1 ? broken[0] : `${broken.slice(0, -1).join(', ')} and ${broken.at(-1)}`
  return `${pass.toLocaleString('en-US')} of ${plural(tried, 'claimed cell')} tried ${pass === 1 ? 'is' : 'are'} ${proven}; ${list}.${left}${stopped}`
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
    const tried = results.cells.filter((cell) => cell.fidelity === fidelity && cell.verdict !== 'skipped')
    const platforms = [...new Set(tried.map((cell) => titles.get(cell.platform) ?? cell.platform))]
    return platforms.length === 0 ? [] : [{ fidelity, platforms, meaning: fidelityMeaning[fidelity] }]
  })
}

/** Reasons cells were skipped for, the commonest first. */
export function skipReasons(results: Results): { reason: string; cells: number }[] {
  const reasons = new Map<string, number>()
  for (const cell of results.cells) {
    if (cell.verdict === 'skipped') reasons.set(cell.reason ?? 'no reason given', (reasons.get(cell.reason ?? 'no reason given') ?? 0) + 1)
  }
  return [...reasons].map(([reason, cells]) => ({ reason, cells })).sort((a, b) => b.cells - a.cells)
}
