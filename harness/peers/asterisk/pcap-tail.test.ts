import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PcapTail } from './pcap-tail.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pcap-tail-'))
  path = join(folder, 'wire.pcap')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function fileHeader(): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt32LE(1, 20) // Ethernet
  return header
}

function record(text: string, seconds = 1): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(seconds, 0)
  header.writeUInt32LE(text.length, 8)
  header.writeUInt32LE(text.length, 12)
  return Buffer.concat([header, Buffer.from(text)])
}

async function read(tail: PcapTail): Promise<string[]> {
  return (await tail.read()).map((frame) => Buffer.from(frame.bytes).toString())
}

test('each reading yields the records completed since the last', async () => {
  writeFileSync(path, '')
  await using tail = await PcapTail.open(path)
  expect(await read(tail)).toEqual([])
  appendFileSync(path, fileHeader().subarray(0, 10))
  expect(await read(tail)).toEqual([])
  appendFileSync(path, fileHeader().subarray(10))
  expect(await read(tail)).toEqual([])
  const [one, two] = [record('one'), record('two')]
  appendFileSync(path, Buffer.concat([one, two.subarray(0, 17)]))
  expect(await read(tail)).toEqual(['one'])
  expect(await read(tail)).toEqual([])
  appendFileSync(path, two.subarray(17))
  expect(await read(tail)).toEqual(['two'])
})

test('more than fits one reading comes whole and in order', async () => {
  const texts = Array.from({ length: 4000 }, (_, index) => `${index}`.padStart(300, '.'))
  writeFileSync(path, Buffer.concat([fileHeader(), ...texts.map((text) => record(text))]))
  await using tail = await PcapTail.open(path)
  expect(await read(tail)).toEqual(texts)
})
