/**
 * What a call's media costs: npm run bench -- media
 *
 * Fifty calls at 20 ms; the far ends run in another thread, and only the CPU of the thread
 * under measurement counts. A millicore is a thousandth of one core.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { MediaEngine } from '../endpoint/media/engine.ts'
import { Pacer } from '../endpoint/media/pacer.ts'
import type { MediaSession } from '../endpoint/media/types.ts'
import { tonePair } from '../protocol/audio/tone.ts'
import type { CodecName } from '../protocol/sdp/types.ts'
import type { Benchmark } from './benchmark.ts'

const calls = 50
const warmUpMs = 1000
const measureMs = 4000

interface Measured {
  readonly millicoresPerCall: number
  readonly microsecondsPerPacket: number
  readonly latenessMs: number
  /** Share of sessions that heard exactly their far end's pair at the end. */
  readonly heard: number
  readonly lost: number
}

async function measure(codec: CodecName, behave: (session: MediaSession, index: number) => void): Promise<Measured> {
  const peers = new Worker(new URL('./media-peers.ts', import.meta.url), { workerData: { codec, listen: false } })
  const pacer = new Pacer()
  const engine = new MediaEngine({ pacer })
  const sessions: MediaSession[] = []
  try {
    for (let index = 0; index < calls; index++) {
      const session = await engine.create({ codecs: [codec], dtmf: 'rfc4733', host: '127.0.0.1' })
      peers.postMessage(session.createOffer())
      const [answer] = (await once(peers, 'message')) as [string]
      const accepted = session.acceptAnswer(answer)
      if (!accepted.ok) throw new Error(accepted.why)
      behave(session, index)
      session.start()
      sessions.push(session)
    }
    const packets = () => sessions.reduce((sum, session) => sum + session.stats().received.packets, 0)
    await pause(warmUpMs)
    const [cpuBefore, timeBefore, packetsBefore] = [process.threadCpuUsage(), performance.now(), packets()]
    await pause(measureMs)
    const cpu = process.threadCpuUsage(cpuBefore)
    const [elapsedMs, received] = [performance.now() - timeBefore, packets() - packetsBefore]
    const usedMs = (cpu.user + cpu.system) / 1000
    const heard = sessions.filter((session, index) => session.stats().heard?.pair?.join() === tonePair(index).join()).length
    return {
      millicoresPerCall: (1000 * usedMs) / elapsedMs / calls,
      microsecondsPerPacket: (1000 * usedMs) / received,
      latenessMs: pacer.latenessMs(),
      heard: heard / calls,
      lost: sessions.reduce((sum, session) => sum + session.stats().received.lost, 0),
    }
  } finally {
    peers.postMessage(undefined)
    await Promise.all([engine.close(), once(peers, 'exit')])
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export const benchmark: Benchmark = {
  name: 'media',
  async run(report) {
    for (const codec of ['pcmu', 'opus'] as const) {
      const tones = await measure(codec, (session, index) => session.play(tonePair(index + 100)))
      report({
        what: `${codec}: send a tone, hear a tone; CPU per call`,
        value: tones.millicoresPerCall,
        unit: 'millicores',
        ...(codec === 'pcmu' ? { budget: '50 calls in well under half a core' } : {}),
      })
      report({ what: `${codec}: calls that heard exactly their pair`, value: 100 * tones.heard, unit: '%', budget: '100' })
      report({ what: `${codec}: packets lost`, value: tones.lost, unit: 'packets', budget: '0' })
      report({ what: `${codec}: lateness of the paced clock, p99`, value: tones.latenessMs, unit: 'ms' })
    }
    const echo = await measure('pcmu', (session) => {
      session.listen(false)
      session.echo(true)
    })
    report({ what: 'G.711 echo, CPU per call', value: echo.millicoresPerCall, unit: 'millicores', budget: 'Asterisk: 1.6' })
    report({ what: 'G.711 echo, packets one core can return', value: 1e6 / echo.microsecondsPerPacket, unit: 'packets/s' })
  },
}
