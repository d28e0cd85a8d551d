/**
 * How many SIP messages one core reads and writes a second.
 *
 *   npm run bench -- sip-parse
 */
import { StreamFramer } from '../protocol/sip/framing.ts'
import { parseMessage } from '../protocol/sip/parser.ts'
import { sampleBye, sampleBytes, sampleInvite } from '../protocol/sip/samples.ts'
import { serialize } from '../protocol/sip/serializer.ts'
import type { Benchmark } from './benchmark.ts'

const warmUpRuns = 20_000
const measureMs = 1_000

/** Runs of `once` a second, after a warm-up; the clock is read every thousand runs. */
function perSecond(once: () => void): number {
  for (let run = 0; run < warmUpRuns; run += 1) once()
  const start = performance.now()
  let runs = 0
  let elapsedMs = 0
  while (elapsedMs < measureMs) {
    for (let run = 0; run < 1_000; run += 1) once()
    runs += 1_000
    elapsedMs = performance.now() - start
  }
  return Math.round((runs * 1000) / elapsedMs)
}

export const benchmark: Benchmark = {
  name: 'sip-parse',
  run: async (report) => {
    const samples = [
      { what: 'BYE', message: sampleBye(), budget: '100,000 or more' },
      { what: 'INVITE with SDP', message: sampleInvite(), budget: '100,000 or more' },
    ]
    for (const { what, message, budget } of samples) {
      const bytes = sampleBytes(message)
      const size = `${what}, ${bytes.length} bytes`
      report({ what: `parse ${size}`, value: perSecond(() => parseMessage(bytes)), unit: 'messages/s', budget })
      report({ what: `serialize ${size}`, value: perSecond(() => serialize(message)), unit: 'messages/s', budget })
    }
    const bytes = sampleBytes(sampleInvite())
    const framer = new StreamFramer()
    const cutAndParse = () => {
      for (const frame of framer.push(bytes)) if (frame.kind === 'message') parseMessage(frame.bytes, { stream: true })
    }
    report({ what: 'frame and parse INVITE with SDP', value: perSecond(cutAndParse), unit: 'messages/s' })
  },
}
