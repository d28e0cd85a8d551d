import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Progress } from './progress.ts'
import { cellResult } from './results-fixture.ts'

/** What was written; on a terminal, every change of the line. */
function output(isTTY: boolean, columns = 80) {
  const writes: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      writes.push(text)
      done()
    },
  })
  return Object.assign(stream, { isTTY, columns, writes, plain: () => writes.map(stripVTControlCharacters).join('') })
}

const failed = cellResult({ verdict: 'fail', reason: 'Digits arrive exactly: the edge understood "12"' })

describe('on a terminal', () => {
  test('one line changes; what went wrong stays above it', () => {
    const out = output(true)
    const progress = new Progress(2, out)
    progress.finished(failed)
    progress.finished(cellResult())
    expect(out.plain()).toContain(`FAIL ${failed.id}: Digits arrive exactly: the edge understood "12"\n`)
    expect(stripVTControlCharacters(out.writes.at(-1)!)).toBe('\r2/2 1 fail, 1 pass')
    progress[Symbol.dispose]()
    expect(out.writes.at(-1)).toBe('\r\u001b[K')
  })

  test('no line is wider than the terminal', () => {
    const out = output(true, 8)
    const progress = new Progress(1, out)
    progress.finished(cellResult())
    expect(stripVTControlCharacters(out.writes.at(-1)!).replace('\r', '')).toHaveLength(7)
  })

  test('the last cell is always drawn', () => {
    const out = output(true)
    const progress = new Progress(50, out)
    for (let i = 0; i < 50; i += 1) progress.finished(cellResult())
    expect(stripVTControlCharacters(out.writes.at(-1)!)).toBe('\r50/50 50 pass')
  })
})

describe('elsewhere', () => {
  test('what went wrong is a line; nothing overwrites', () => {
    const out = output(false)
    const progress = new Progress(3, out)
    progress.say('the lab is up')
    progress.finished(cellResult({ verdict: 'inconclusive', reason: 'machine-bound: this machine was 90 ms late', scenario: 'stranger' }))
    progress.finished(cellResult({ verdict: 'error' }))
    progress[Symbol.dispose]()
    expect(out.writes.join('')).toBe(out.plain())
    expect(out.plain()).not.toContain('\r')
    expect(out.plain()).toContain('the lab is up\n')
    expect(out.plain()).toContain(`INCONCLUSIVE ${failed.id} (stranger): machine-bound: this machine was 90 ms late\n`)
    expect(out.plain()).toContain(`ERROR ${failed.id}: \n`)
  })
})

test('a run of nothing draws nothing', () => {
  const out = output(true)
  const progress = new Progress(0, out)
  progress.say('nothing to do')
  expect(out.plain()).toBe('\rnothing to do\n')
})
