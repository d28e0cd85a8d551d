import { describe, expect, test } from 'vitest'
import { MediaLatch } from './latch.ts'

const signalled = { address: '192.0.2.1', port: 4000 }
const mapped = { address: '203.0.113.9', port: 61000 }
const stranger = { address: '198.51.100.6', port: 7000 }

interface Packet {
  readonly from: { address: string; port: number }
  readonly ssrc?: number
  readonly sequence?: number
  readonly known?: boolean
  readonly at?: number
}

function play(latch: MediaLatch, ...packets: Packet[]): boolean[] {
  return packets.map(({ from, ssrc = 1, sequence = 10, known = true, at = 0 }) =>
    latch.accept(from.address, from.port, ssrc, sequence, known, at),
  )
}

function latchTo(enabled = true): MediaLatch {
  const latch = new MediaLatch(enabled)
  latch.signal(signalled)
  return latch
}

test('media goes to the signalled address until something is heard', () => {
  const latch = new MediaLatch(true)
  expect(latch.target).toBeUndefined()
  expect(latch.latched).toBe(false)
  latch.signal(signalled)
  expect(latch.target).toEqual(signalled)
})

describe('the rules', () => {
  test('1: the signalled address takes over from any other', () => {
    const latch = latchTo()
    expect(play(latch, { from: stranger }, { from: signalled, ssrc: 2 }, { from: stranger })).toEqual([true, true, false])
    expect(latch.target).toMatchObject(signalled)
    expect(latch.latched).toBe(false)
  })

  test('2: the first source that could be ours is latched to', () => {
    const latch = latchTo()
    expect(play(latch, { from: stranger, known: false }, { from: mapped }, { from: mapped, sequence: 11 })).toEqual([false, true, true])
    expect(latch.target).toMatchObject(mapped)
    expect(latch.latched).toBe(true)
  })

  test('4: the same stream from a new mapping is followed', () => {
    const latch = latchTo()
    const moved = { ...mapped, port: 62000 }
    expect(play(latch, { from: mapped, sequence: 65535 }, { from: moved, sequence: 2 })).toEqual([true, true])
    expect(latch.target).toMatchObject(moved)
  })

  test.each([
    ['another SSRC', { ssrc: 2, sequence: 11 }],
    ['an old sequence number', { sequence: 9 }],
    ['a sequence number far ahead', { sequence: 200 }],
  ])('6: %s from elsewhere is a stranger', (_, rest) => {
    const latch = latchTo()
    expect(play(latch, { from: mapped }, { from: stranger, ...rest })).toEqual([true, false])
    expect(latch.target).toMatchObject(mapped)
  })

  test('5: after a quiet second two packets in sequence take over', () => {
    const latch = latchTo()
    const other = (sequence: number, at: number) => ({ from: stranger, ssrc: 7, sequence, at })
    expect(play(latch, { from: mapped }, other(50, 999), other(51, 1000), other(53, 1020), other(54, 1040), other(55, 1060))).toEqual([
      true,
      false,
      false,
      false,
      true,
      true,
    ])
    expect(latch.target).toMatchObject(stranger)
  })
})

test('a new description forgets what was learnt, the same one does not', () => {
  const latch = latchTo()
  play(latch, { from: mapped })
  latch.signal({ ...signalled })
  expect(latch.target).toMatchObject(mapped)
  latch.signal({ ...signalled, port: 4002 })
  expect(latch.target).toEqual({ ...signalled, port: 4002 })
})

test('a source heard before the answer is kept when the answer comes', () => {
  const latch = new MediaLatch(true)
  expect(play(latch, { from: mapped })).toEqual([true])
  expect(latch.target).toBeUndefined()
  latch.signal(signalled)
  expect(latch.target).toMatchObject(mapped)
})

test('not enabled, media stays with the signalled address, yet the source is heard', () => {
  const latch = latchTo(false)
  expect(play(latch, { from: mapped }, { from: stranger, ssrc: 3 })).toEqual([true, false])
  expect(latch.target).toEqual(signalled)
  expect(latch.latched).toBe(false)
})

describe('with packets that are proved', () => {
  test('the newest one tells where the other side is, at once', () => {
    const latch = latchTo()
    latch.acceptAuthentic(signalled.address, signalled.port, 1, 10, 0)
    latch.acceptAuthentic(mapped.address, mapped.port, 1, 11, 0)
    expect(latch.target).toMatchObject(mapped)
    latch.acceptAuthentic(mapped.address, mapped.port, 2, 500, 0)
    expect([latch.heard, latch.latched]).toEqual([true, true])
  })

  test('a late one from the old place changes nothing, a new source there does', () => {
    const latch = latchTo()
    latch.acceptAuthentic(mapped.address, mapped.port, 1, 11, 0)
    latch.acceptAuthentic(signalled.address, signalled.port, 1, 10, 0)
    expect(latch.target).toMatchObject(mapped)
    latch.acceptAuthentic(signalled.address, signalled.port, 2, 3, 0)
    expect(latch.target).toMatchObject(signalled)
  })
})
