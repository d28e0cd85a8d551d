import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { axisNames, axisValues } from '../matrix/axes.ts'
import { InvalidFiles } from '../matrix/yaml-file.ts'
import { expectationIds } from '../scenarios/expectations.ts'
import { UsageError } from './errors.ts'
import { loadSources, makePlan, type Plan, type PlannedItem } from './plan.ts'
import type { PlanOptions } from './plan-options.ts'
import { expectations } from './verdict/catalogue.ts'

const sources = loadSources()
const plan = (options: PlanOptions): Plan => makePlan(options, sources)
const of = (scenario: string, items: readonly PlannedItem[]): string[] =>
  items.filter((item) => item.scenario.id === scenario).map((item) => item.cell.id)
const keys = (items: readonly PlannedItem[]): string[] => items.map((item) => `${item.cell.id}/${item.scenario.id}`)
const inForce = { media: ['rtp'], nat: ['none'] } as const

describe('full', () => {
  test('tries the proof call on all 980 claimed cells, as far as it can', () => {
    const whole = plan({})
    expect(of('proof-call', whole.items)).toHaveLength(490)
    expect(of('proof-call', whole.skipped)).toHaveLength(490)
    expect(whole.items.every((item) => item.purpose === 'claim' && item.cell.claimed)).toBe(true)
    expect(whole.skipped.every((item) => item.reason.startsWith('not built yet: '))).toBe(true)
  })

  test('skips nothing where everything selected is in force', () => {
    const whole = plan({ axes: inForce })
    expect(of('proof-call', whole.items)).toHaveLength(210)
    expect(whole.skipped).toEqual([])
  })

  test('tries covering scenarios on a selection of the cells they apply to, with no pair left out', () => {
    const whole = plan({})
    for (const [scenario, registration] of [
      ['wrong-password', 'register'],
      ['stranger', 'static'],
    ]) {
      const chosen = whole.items.filter((item) => item.scenario.id === scenario)
      expect(chosen.length).toBeGreaterThan(5)
      expect(chosen.length).toBeLessThan(60)
      expect(chosen.every((item) => item.cell.axes.registration === registration)).toBe(true)
      expect(whole.coverage.find((one) => one.scenario === scenario)).toMatchObject({ uncovered: [], cells: chosen.length })
    }
  })

  test('an item proves the clauses that its scenario and its cell have in common', () => {
    const { items } = plan({ platforms: ['avaya'] })
    for (const { clauses, cell, scenario } of items) {
      expect(clauses).not.toEqual([])
      for (const id of clauses) expect(cell.clauses.includes(id) && scenario.clauses.includes(id)).toBe(true)
    }
    const tls = items.find(({ cell }) => cell.id === 'avaya.outbound.tls.rtp.static.rfc4733.pcmu.none')
    expect(tls?.clauses).toEqual(expect.arrayContaining(['secure.fallback', 'secure.tls13', 'matrix.avaya.codecs', 'codec.pcmu']))
    expect(tls?.clauses).not.toContain('transport.tcp')
  })
})

describe('pairwise', () => {
  test('covers every pair of the claimed cells, those in force first', () => {
    const { items, skipped, coverage } = plan({ strategy: 'pairwise', scenarios: ['proof-call'] })
    const [covering] = coverage
    expect(covering).toMatchObject({ scenario: 'proof-call', uncovered: [], cells: items.length + skipped.length })
    expect(covering!.waiting).toBeGreaterThan(0)
    expect(items.length).toBeLessThan(50)
    expect(items.every((item) => item.reason.startsWith('first with '))).toBe(true)
    const alone = plan({ strategy: 'pairwise', scenarios: ['proof-call'], axes: { nat: ['none'] } })
    expect(alone.coverage[0]).toMatchObject({ uncovered: [], waiting: 0, pairs: covering!.pairs - covering!.waiting })
  })

  test('whatever is selected: no pair uncovered, and only claimed cells of the selection', () => {
    const some = fc.record(Object.fromEntries(axisNames.map((axis) => [axis, fc.subarray([...axisValues[axis]], { minLength: 1 })])))
    const platforms = fc.subarray(['asterisk', 'cisco', 'avaya', 'genesys', 'generic'], { minLength: 1 })
    fc.assert(
      fc.property(some, platforms, fc.nat(1000), (axes, names, seed) => {
        let made: Plan
        try {
          made = plan({ strategy: 'pairwise', scenarios: ['proof-call'], axes: axes as PlanOptions['axes'], platforms: names, seed })
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          return
        }
        expect(made.coverage.flatMap(({ uncovered }) => uncovered)).toEqual([])
        for (const { cell } of [...made.items, ...made.skipped]) {
          expect(cell.claimed && names.includes(cell.platform)).toBe(true)
          for (const axis of axisNames) expect(axes[axis]).toContain(cell.axes[axis])
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('smoke', () => {
  test('makes one proof call per platform', () => {
    const { items, skipped } = plan({ strategy: 'smoke' })
    expect(keys(items)).toEqual(
      ['asterisk', 'cisco', 'avaya', 'genesys', 'generic'].map(
        (platform) => `${platform}.inbound.udp.rtp.static.rfc4733.pcmu.none/proof-call`,
      ),
    )
    expect(skipped).toEqual([])
  })

  test('tries another scenario where it is named', () => {
    const { items } = plan({ strategy: 'smoke', scenarios: ['wrong-password'] })
    expect(items.map(({ cell }) => cell.platform)).toEqual(['asterisk', 'cisco', 'generic'])
  })
})

describe('shards', () => {
  test('divide a plan without loss or overlap, whatever their number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.constantFrom('full', 'pairwise', 'smoke'), (count, strategy) => {
        const whole = plan({ strategy })
        const parts = Array.from({ length: count }, (_, index) => plan({ strategy, shard: { index: index + 1, count } }))
        expect(parts.flatMap(({ items }) => keys(items)).sort()).toEqual(keys(whole.items).sort())
        expect(parts.flatMap(({ skipped }) => keys(skipped)).sort()).toEqual(keys(whole.skipped).sort())
        const sizes = parts.map(({ items, skipped }) => items.length + skipped.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 8 },
    )
  })

  test('mix the axes, so that none has only what takes longest', () => {
    for (const index of [1, 2]) {
      const { items } = plan({ shard: { index, count: 2 } })
      for (const axis of ['direction', 'transport', 'registration', 'dtmf', 'codec'] as const) {
        expect(new Set(items.map(({ cell }) => cell.axes[axis])).size).toBe(axisValues[axis].length)
      }
    }
  })
})

describe('probes', () => {
  test('cells the guide does not claim are left alone unless asked for', () => {
    const asked = plan({ includeUnclaimed: true, axes: inForce })
    const probes = asked.items.filter((item) => item.purpose === 'probe-unclaimed')
    expect(probes).toHaveLength(5 * 72 - 210)
    expect(probes.every((item) => !item.cell.claimed && item.scenario.id === 'proof-call')).toBe(true)
    expect(asked.items.filter((item) => item.purpose === 'claim')).toHaveLength(plan({ axes: inForce }).items.length)
  })

  test('one cell of what a product is declared unable to play is still tried, the others are skipped', () => {
    const asterisk = sources.matrix.platforms.find(({ id }) => id === 'asterisk')!
    const declared = { ...asterisk.peerCannot[0]!, where: { codec: ['opus' as const] }, in_force: true }
    const platforms = sources.matrix.platforms.map((platform) =>
      platform === asterisk ? { ...asterisk, peerCannot: [declared] } : platform,
    )
    const made = makePlan({ platforms: ['asterisk'], axes: inForce }, { ...sources, matrix: { ...sources.matrix, platforms } })
    const probes = made.items.filter((item) => item.purpose === 'probe-peer-cannot')
    expect(probes.map(({ cell }) => cell.axes.codec)).toEqual(['opus'])
    const skipped = made.skipped.filter(({ scenario }) => scenario.id === 'proof-call')
    expect(skipped).toHaveLength(72 / 3 - 1)
    expect(skipped.every(({ reason, cell }) => reason.startsWith('peer-cannot: asterisk-osrtp-dtls: ') && cell.axes.codec === 'opus')).toBe(
      true,
    )
  })
})

describe('what cannot be planned says why', () => {
  test.each<[string, PlanOptions, string, string]>([
    ['an unknown platform', { platforms: ['avya'] }, 'unknown platform "avya"', 'did you mean "avaya"?'],
    ['an unknown scenario', { scenarios: ['stanger'] }, 'unknown scenario "stanger"', 'did you mean "stranger"?'],
    [
      'a cell nobody claims',
      { platforms: ['avaya'], axes: { registration: ['register'] } },
      'no claimed cell is selected',
      'avaya does not claim registration=register; --include unclaimed probes it',
    ],
    [
      'a cell that cannot be',
      { axes: { transport: ['udp'], media: ['dtls'] } },
      'no cell has transport=udp with media=dtls',
      'media=sdes|dtls|osrtp-sdes|osrtp-dtls needs transport=tls (secure.media-needs-signalling)',
    ],
    [
      'a scenario that applies to nothing selected',
      { scenarios: ['wrong-password'], platforms: ['avaya'] },
      'the scenario "wrong-password" applies to none of the selected cells',
      'scenarios/registration/wrong-password.yaml says where it applies',
    ],
  ])('%s', (_, options, message, hint) => {
    expect(() => plan(options)).toThrow(expect.objectContaining({ name: 'UsageError', exitCode: 4, message, hint }))
  })
})

describe('scenarios from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenario-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const text = 'id: mine\ntitle: Mine\nclauses: [codec]\nruns: once-per-platform\nsteps: [{ call: {} }]\nexpectations: [call.established]\n'

  test('are planned by their path', () => {
    const file = join(folder, 'mine.yaml')
    writeFileSync(file, text)
    const { items } = makePlan({ scenarios: [file], platforms: ['avaya', 'cisco'] })
    expect(keys(items)).toEqual(['cisco', 'avaya'].map((platform) => `${platform}.inbound.udp.rtp.static.rfc4733.pcmu.none/mine`))
  })

  test('are refused with their mistakes', () => {
    const file = join(folder, 'bad.yaml')
    writeFileSync(file, text.replace('title', 'titel'))
    expect(() => makePlan({ scenarios: [file] })).toThrow(InvalidFiles)
  })
})

test('the judge knows exactly the expectations a scenario can name', () => {
  expect([...expectations.keys()].sort()).toEqual([...expectationIds].sort())
})
