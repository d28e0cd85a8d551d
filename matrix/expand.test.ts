import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AxisName, axisNames, axisValues, combinations } from './axes.ts'
import { isLegal } from './axes-file.ts'
import { selects } from './cell-selection.ts'
import { expand, obstacle } from './expand.ts'
import { loadMatrix, type Matrix } from './load.ts'

const matrix = loadMatrix()
const cells = expand(matrix)
const claimed = cells.filter((cell) => cell.claimed)
const countByPlatform = (list: typeof cells): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(list, (cell) => cell.platform)].map(([platform, own]) => [platform, own.length]))

describe('the guide’s matrix', () => {
  test('claims 980 cells', () => {
    expect(countByPlatform(claimed)).toEqual({ asterisk: 336, cisco: 168, avaya: 56, genesys: 84, generic: 336 })
    expect(claimed).toHaveLength(980)
  })

  test('has 490 cells in force: those without a NAT', () => {
    const inForce = claimed.filter((cell) => obstacle(cell, matrix) === undefined)
    expect(countByPlatform(inForce)).toEqual({ asterisk: 168, cisco: 84, avaya: 28, genesys: 42, generic: 168 })
    expect(inForce.every((cell) => cell.axes.nat === 'none')).toBe(true)
  })

  test('says of every other cell what is not built yet', () => {
    const cell = claimed.find(({ axes }) => axes.media === 'sdes' && axes.nat === 'symmetric')!
    expect(obstacle(cell, matrix)).toEqual({ kind: 'not-built-yet', reason: 'not built yet: nat=symmetric' })
  })

  test('has seven legal pairs of transport and media', () => {
    const pairs = new Set(cells.map(({ axes }) => `${axes.transport} ${axes.media}`))
    expect([...pairs].sort()).toEqual(['tcp rtp', 'tls dtls', 'tls osrtp-dtls', 'tls osrtp-sdes', 'tls rtp', 'tls sdes', 'udp rtp'])
  })

  test('leaves 700 cells unclaimed', () => {
    expect(cells).toHaveLength(5 * 336)
    expect(cells.filter((cell) => !cell.claimed)).toHaveLength(700)
  })

  test('keeps its rows in the order of the guide', () => {
    expect(Object.keys(countByPlatform(cells))).toEqual(['asterisk', 'cisco', 'avaya', 'genesys', 'generic'])
  })
})

describe('cell ids', () => {
  test('are unique and can name folders', () => {
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length)
    for (const { id } of cells) expect(id).toMatch(/^[a-z0-9][a-z0-9.-]{0,100}$/)
  })

  test('are stable for ever', () => {
    expect(cells.map(({ id }) => id)).toContain('asterisk.inbound.tls.osrtp-sdes.static.rfc4733.pcmu.none')
    const ofTheGuide = cells.filter(({ platform }) => ['asterisk', 'cisco', 'avaya', 'genesys', 'generic'].includes(platform))
    const ids = ofTheGuide.map(({ id }) => id).sort()
    // Whoever has to change this breaks every history, link and stored result.
    expect(createHash('sha256').update(ids.join('\n')).digest('hex')).toBe(
      '7133739b7251b3815909a13ba851fad16c9d1b2d9e0147d1ba6c1510e6cbd556',
    )
  })
})

describe('clauses of a cell', () => {
  test('are those whose selection holds it', () => {
    for (const cell of cells) {
      expect(cell.clauses).toEqual(matrix.clauses.filter((clause) => clause.cells && selects(clause.cells, cell)).map(({ id }) => id))
    }
  })

  test('name the fallback on plain RTP over TLS, and nowhere else', () => {
    const fallback = cells.filter((cell) => cell.clauses.includes('secure.fallback'))
    expect(new Set(fallback.map(({ axes }) => `${axes.transport}+${axes.media}`))).toEqual(new Set(['tls+rtp']))
  })
})

test('a claim rests on clauses that bear on the platform’s own cells', () => {
  for (const platform of matrix.platforms) {
    const borne = new Set(claimed.filter((cell) => cell.platform === platform.id).flatMap((cell) => cell.clauses))
    for (const { from } of Object.values(platform.claims)) for (const id of from) expect(borne, `${platform.id} ${id}`).toContain(id)
  }
})

test('every cell of the guide’s table is a clause of its own', () => {
  for (const { id } of matrix.platforms) {
    for (const column of ['transport', 'dtmf', 'registration', 'nat', 'codecs']) {
      expect(matrix.clauses.map((clause) => clause.id)).toContain(`matrix.${id}.${column}`)
    }
  }
})

test('any platform’s claimed cells are the legal combinations of the values it claims', () => {
  const claims = fc.record(Object.fromEntries(axisNames.map((axis) => [axis, fc.subarray([...axisValues[axis]], { minLength: 1 })])))
  fc.assert(
    fc.property(claims, (values) => {
      const platform = {
        ...matrix.platforms[0]!,
        claims: Object.fromEntries(axisNames.map((axis) => [axis, { values: values[axis], from: [] }])),
      }
      const own = expand({ ...matrix, clauses: [], platforms: [platform] } as unknown as Matrix)
      const has = (axis: AxisName, value: string): boolean => (values[axis] as readonly string[]).includes(value)
      const wanted = combinations().filter((axes) => isLegal(axes, matrix.axes) && axisNames.every((axis) => has(axis, axes[axis])))
      expect(own.filter((cell) => cell.claimed).map((cell) => cell.axes)).toEqual(wanted)
    }),
    { numRuns: 25 },
  )
})

test('a product declared unable keeps its cells from being tried, once the declaration is in force', () => {
  const asterisk = matrix.platforms.find(({ id }) => id === 'asterisk')!
  const [declared] = asterisk.peerCannot
  expect(declared).toMatchObject({ id: 'asterisk-osrtp-dtls', in_force: false })
  const inForce: Matrix = {
    ...matrix,
    platforms: [{ ...asterisk, peerCannot: [{ ...declared!, where: { codec: ['opus'] }, in_force: true }] }],
  }
  const opus = cells.find(({ id }) => id === 'asterisk.inbound.udp.rtp.static.rfc4733.opus.none')!
  expect(obstacle(opus, matrix)).toBeUndefined()
  expect(obstacle(opus, inForce)).toMatchObject({
    kind: 'peer-cannot',
    reason: expect.stringMatching(/^peer-cannot: asterisk-osrtp-dtls: /),
  })
})
