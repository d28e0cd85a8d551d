import { expect, test } from 'vitest'
import { decodeG711 } from '../../../protocol/audio/g711.ts'
import { tonePair } from '../../../protocol/audio/tone.ts'
import { ToneDetector } from '../../../protocol/audio/tone-detector.ts'
import { toneFile, toneFileName } from './tone-file.ts'

test('a tone file holds its pair alone, over its seams too', () => {
  const pair = tonePair(7)
  const octets = toneFile(pair).subarray(0, 16_000)
  const pcm = new Int16Array(octets.length)
  decodeG711('pcmu', octets, pcm)
  const readings = new ToneDetector({ sampleRate: 8000 }).push(pcm)
  expect(readings.length).toBeGreaterThan(10)
  for (const reading of readings) expect(reading).toMatchObject({ pair, levelDbm0: expect.closeTo(-16, 0) })
  expect(toneFileName(pair)).toBe(`${pair[0]}-${pair[1]}`)
})
