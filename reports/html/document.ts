/**
 * report.html: one file that opens from disk without a network. The page may run its own
 * script and style and nothing else (Content-Security-Policy with their hashes), and all
 * wire text reaches it as data.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import { redactValue } from '../redact.ts'
import { type Ladder, ladderSchema } from '../schema/evidence.ts'
import type { Attempt, CellResult, Results } from '../schema/results.ts'
import { checkTitles, fidelityFacts, skipReasons, verdictSentence } from '../verdict-text.ts'
import { bundle } from './bundle.ts'
import type { CellDetails, PageCell, PageData } from './page-data.ts'

const styles = ['base', 'marks', 'matrix', 'cells', 'cell', 'print'].map((name) => new URL(`styles/${name}.css`, import.meta.url))
const entry = new URL('app/main.ts', import.meta.url)
const compress = promisify(deflateRaw)
const readAtOnce = 32

/** Details of neighbouring cells are much alike, so they are compressed together; one group is what opening a cell must unpack. */
const groupBytes = 256 * 1024
/** Above this, passed cells keep their arrows and lose their message texts. */
const maxDetailBytes = 11 * 1024 * 1024

/** The whole page. Ladders are read from the evidence below `runDir`; a missing or unreadable one is left out. */
export async function reportHtml(results: Results, runDir: string): Promise<string> {
  const [script, style, details] = await Promise.all([bundle(entry), readStyles(), readDetails(results, runDir)])
  let packed = await packDetails(details)
  const compact = packed.groups.reduce((total, group) => total + group.length, 0) > maxDetailBytes
  if (compact) packed = await packDetails(details.map(withoutTexts))
  const data = pageData(results, packed.places, compact)
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${hash(script)}'; style-src '${hash(style)}'; base-uri 'none'; form-action 'none'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>Trunkproof ${escapeHtml(results.run.id)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<noscript>This report needs JavaScript. The same results are in summary.md beside it.</noscript>',
    `<script type="application/json" id="data">${jsonText(data)}</script>`,
    ...packed.groups.map((group, index) => `<script type="text/plain" id="details-${index}">${group}</script>`),
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** JSON in which no tag can begin, so that it cannot end its element. */
function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

async function readStyles(): Promise<string> {
  const texts = await Promise.all(styles.map((url) => readFile(url, 'utf8')))
  return texts
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\n\s*/g, '\n')
}

async function readDetails(results: Results, runDir: string): Promise<CellDetails[]> {
  const details: CellDetails[] = []
  const tried = [...results.cells, ...results.checks].filter((cell) => cell.attempts > 0)
  // Some at a time: a thousand open files at once would exceed what a process may have.
  for (let start = 0; start < tried.length; start += readAtOnce) {
    details.push(...(await Promise.all(tried.slice(start, start + readAtOnce).map((cell) => cellDetails(cell, runDir)))))
  }
  return details
}

async function cellDetails(cell: CellResult, runDir: string): Promise<CellDetails> {
  const attempts: Pick<Attempt, 'evidence'>[] = [cell, ...(cell.earlier_attempts ?? [])]
  return redactValue({ cell, ladders: await Promise.all(attempts.map((attempt) => readLadder(runDir, attempt.evidence))) })
}

async function readLadder(runDir: string, evidence: readonly string[]): Promise<Ladder | null> {
  const path = evidence.find((file) => file.split('/').at(-1) === 'ladder.json')
  if (path === undefined) return null
  try {
    return ladderSchema.parse(JSON.parse(await readFile(join(runDir, path), 'utf8')))
  } catch {
    return null
  }
}

function withoutTexts(details: CellDetails): CellDetails {
  if (details.cell.verdict !== 'pass') return details
  const ladders = details.ladders.map((ladder) =>
    ladder ? { ...ladder, events: ladder.events.map((event) => (event.kind === 'message' ? { ...event, text: '' } : event)) } : ladder,
  )
  return { ...details, ladders }
}

interface PackedDetails {
  /** Base64 of raw deflate of a JSON array of CellDetails. */
  readonly groups: string[]
  readonly places: Map<string, readonly [group: number, place: number]>
}

async function packDetails(details: readonly CellDetails[]): Promise<PackedDetails> {
  const places = new Map<string, readonly [number, number]>()
  const groups: string[][] = []
  let room = 0
  for (const item of details) {
    const text = JSON.stringify(item)
    if (text.length > room || groups.length === 0) {
      groups.push([])
      room = groupBytes
    }
    room -= text.length
    const group = groups.at(-1)!
    places.set(keyOf(item.cell), [groups.length - 1, group.length])
    group.push(text)
  }
  const packed = await Promise.all(groups.map(async (texts) => (await compress(`[${texts.join(',')}]`, { level: 9 })).toString('base64')))
  return { groups: packed, places }
}

function keyOf(cell: Pick<CellResult, 'id' | 'scenario'>): string {
  return `${cell.id}/${cell.scenario}`
}

function pageData(results: Results, places: PackedDetails['places'], compact: boolean): PageData {
  const deviations = Map.groupBy(
    [...results.cells, ...results.checks].flatMap((cell) => cell.deviations.map((deviation) => ({ cell, deviation }))),
    ({ deviation }) => deviation.id,
  )
  return redactValue({
    run: results.run,
    summary: results.summary,
    platforms: results.platforms,
    clauses: results.clauses.map(({ cells: _, ...clause }) => clause),
    cells: results.cells.map((cell) => pageCell(cell, places.get(keyOf(cell)))),
    checks: results.checks.map((check) => pageCell(check, places.get(keyOf(check)))),
    checkTitles: checkTitles(results.checks),
    sentence: verdictSentence(results),
    fidelity: fidelityFacts(results),
    skipped: skipReasons(results),
    deviations: [...deviations].map(([id, items]) => ({
      id,
      detail: items[0]!.deviation.detail,
      reference: items[0]!.deviation.reference,
      seen: new Set(items.map(({ cell }) => cell)).size,
    })),
    compact,
  })
}

function pageCell(cell: CellResult, details: readonly [number, number] | undefined): PageCell {
  const { id, platform, axes, claimed, scenario, check, fidelity, verdict, reason, duration_ms, attempts, probe, clauses } = cell
  const broken = cell.expectations.filter((expectation) => expectation.verdict === 'fail' || expectation.verdict === 'inconclusive')
  return {
    ...{ id, platform, axes, claimed, scenario, check, fidelity, verdict, reason, duration_ms, attempts, probe, clauses },
    expectations: broken.map(({ id, title, verdict, expected, seen, cause, remedy }) => ({
      id,
      title,
      verdict,
      expected,
      seen,
      cause,
      remedy,
    })),
    deviations: [...new Set(cell.deviations.map((deviation) => deviation.id))],
    ...(details ? { details } : {}),
  }
}
