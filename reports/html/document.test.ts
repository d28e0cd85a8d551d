import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sampleCells } from '../fixture/sample-matrix.ts'
import { writeSampleRun } from '../fixture/sample-run.ts'
import { readJournal } from '../journal.ts'
import { buildResults } from '../results.ts'
import { reportHtml } from './document.ts'
import type { CellDetails, PageData } from './page-data.ts'

let dir: string
let html: string
const hostile = '</script><script>alert(1)</script><!-- \u2028'

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'trunkproof-html-'))
  const ids = new Set(
    sampleCells('proof-call')
      .filter((cell) => cell.axes.media === 'sdes')
      .slice(0, 3)
      .map((cell) => cell.cell),
  )
  writeSampleRun(dir, { tried: 'all', only: (cell) => ids.has(cell.cell) })
  const results = buildResults((await readJournal(dir)).events)
  results.cells[0]!.reason = hostile
  results.run.id = hostile
  html = await reportHtml(results, dir)
})
afterAll(() => rmSync(dir, { recursive: true }))

const between = (start: string, end = '</script>') => html.slice(html.indexOf(start) + start.length, html.indexOf(end, html.indexOf(start)))

test('text from the run cannot leave its place in the page', () => {
  const data: PageData = JSON.parse(between('<script type="application/json" id="data">'))
  expect(data.cells[0]!.reason).toBe(hostile)
  expect(html.match(/<script/g)).toHaveLength(3)
  expect(html).not.toContain('<script>alert')
})

test('the policy allows exactly the script and style in the page', () => {
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1]!
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  expect(policy).toContain(`script-src ${hash(between('<script>'))};`)
  expect(policy).toContain(`style-src ${hash(between('<style>', '</style>'))};`)
})

test('details unpack to whole cells with redacted ladders', () => {
  const packed = between('<script type="text/plain" id="details-0">')
  const details: CellDetails[] = JSON.parse(inflateRawSync(Buffer.from(packed, 'base64')).toString())
  expect(details).toHaveLength(3)
  expect(details[1]!.ladders[0]!.parties.map((party) => party.id)).toEqual(['peer', 'edge'])
  const text = JSON.stringify(details)
  expect(text).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:****')
  expect(text).not.toContain('QUJDREVG')
})
