/** Messages that are almost right, for tests: the same for the same run number on every machine. */
import { sampleBye, sampleBytes, sampleInvite } from './samples.ts'
import { invalidMessages } from './torture/invalid.ts'
import { layerMessages } from './torture/layers.ts'
import { validMessages } from './torture/valid.ts'

/** Same numbers on every machine: a failure can be looked at again with its run number. */
export function generator(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const messages: Uint8Array[] = [...validMessages, ...invalidMessages, ...layerMessages].map(({ bytes }) => Buffer.from(bytes))
messages.push(sampleBytes(sampleInvite()), sampleBytes(sampleBye()))

const spice = [
  '\r\n',
  '\n',
  '\r',
  '\r\n ',
  '\0',
  '"',
  '\\',
  '<',
  '>',
  ';',
  ',',
  ':',
  '@',
  '%',
  '%0',
  '=',
  '?',
  ' ',
  '\t',
  '\xff',
  '\xc3',
  '99999999999',
  '-1',
  'SIP/2.0',
  'Content-Length: 5\r\n',
  'Via: ',
  '\r\n\r\n',
]

/**
 * One of the seeds (those of RFC 4475 and some ordinary ones if none are given) with one to four small
 * injuries: a byte changed, a piece cut, doubled, moved in from another message, or spice.
 */
export function mutate(run: number, seeds: readonly Uint8Array[] = messages): Buffer {
  const random = generator(run * 2654435761 + 1)
  let bytes: Uint8Array = seeds[random(seeds.length)]!
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(bytes.length + 1)
    const to = Math.min(bytes.length, at + random(1 + random(64)))
    const before = bytes.subarray(0, at)
    switch (random(5)) {
      case 0:
        bytes = Buffer.concat([before, Buffer.from([random(256)]), bytes.subarray(at + 1)])
        break
      case 1:
        bytes = Buffer.concat([before, bytes.subarray(to)])
        break
      case 2:
        bytes = Buffer.concat([before, bytes.subarray(at, to), bytes.subarray(at)])
        break
      case 3: {
        const other = seeds[random(seeds.length)]!
        const from = random(other.length)
        bytes = Buffer.concat([before, other.subarray(from, from + random(128)), bytes.subarray(at)])
        break
      }
      default:
        bytes = Buffer.concat([before, Buffer.from(spice[random(spice.length)]!, 'latin1'), bytes.subarray(to)])
    }
  }
  return Buffer.from(bytes)
}
