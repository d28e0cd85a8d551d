import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cell } from './cell.ts'
import { expand, obstacle } from './expand.ts'
import { loadMatrix } from './load.ts'
import { cover, pairsOf } from './pairwise.ts'

const matrix = loadMatrix()
const claimed = expand(matrix).filter((cell) => cell.claimed)
const inForce = (cell: Cell): boolean => obstacle(cell, matrix) === undefined
const pairsOfAll = (cells: readonly Cell[]): Set<string> => new Set(cells.flatMap(pairsOf))

test('a cell has one pair for every two of its platform and seven axes', () => {
  expect(pairsOf(claimed[0]!)).toHaveLength((8 * 7) / 2)
})

describe('over all claimed cells', () => {
  const covering = cover(claimed, 1)

  test('no pair is left uncovered, and few cells do it', () => {
    expect(covering.uncovered).toEqual([])
    expect(covering.pairs).toBe(pairsOfAll(claimed).size)
    // 25 is the least possible: five platforms times five kinds of media.
    expect(covering.rows.length).toBeGreaterThanOrEqual(25)
    expect(covering.rows.length).toBeLessThanOrEqual(34)
  })

  test('only claimed cells are picked', () => {
    for (const { cell } of covering.rows) expect(claimed).toContain(cell)
  })

  test('every row says why it is there', () => {
    for (const { reason } of covering.rows) expect(reason).toMatch(/^first with (the pair|\d+ pairs, one of them) \S+=\S+ \+ \S+=\S+$/)
    const promised = covering.rows.reduce((sum, { reason }) => sum + Number(/with (\d+) pairs/.exec(reason)?.[1] ?? 1), 0)
    expect(promised).toBe(covering.pairs)
  })

  test('the seed decides', () => {
    expect(cover(claimed, 1)).toEqual(covering)
    expect(cover(claimed, 2).rows.map(({ cell }) => cell.id)).not.toEqual(covering.rows.map(({ cell }) => cell.id))
  })
})

test('preferred cells cover all they can by themselves', () => {
  const { rows, uncovered } = cover(claimed, 7, inForce)
  expect(uncovered).toEqual([])
  const preferred = rows.map(({ cell }) => cell).filter(inForce)
  expect(pairsOfAll(preferred)).toEqual(pairsOfAll(claimed.filter(inForce)))
})

test('whatever the cells and the seed: nothing uncovered, nothing made up, nothing superfluous', () => {
  const some = fc.uniqueArray(fc.nat(claimed.length - 1), { maxLength: 80 }).map((places) => places.map((place) => claimed[place]!))
  fc.assert(
    fc.property(some, fc.nat(), (cells, seed) => {
      const { rows, pairs, uncovered } = cover(cells, seed)
      const picked = rows.map(({ cell }) => cell)
      expect(uncovered).toEqual([])
      expect(pairsOfAll(picked)).toEqual(pairsOfAll(cells))
      expect(pairs).toBe(pairsOfAll(cells).size)
      expect(new Set(picked).size).toBe(picked.length)
      for (const cell of picked) {
        expect(cells).toContain(cell)
        expect(pairsOfAll(picked.filter((other) => other !== cell)).size).toBeLessThan(pairs)
      }
    }),
    { numRuns: 40 },
  )
})
