/**
 * The far ends of media.bench.ts, in a thread of their own so that the CPU of the sessions under
 * measurement can be told from theirs. Answers each offer posted to it; every far end speaks a tone.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { MediaEngine } from '../endpoint/media/engine.ts'
import { Pacer } from '../endpoint/media/pacer.ts'
import { tonePair } from '../protocol/audio/tone.ts'
import type { CodecName } from '../protocol/sdp/types.ts'

const { codec, listen } = workerData as { codec: CodecName; listen: boolean }
const engine = new MediaEngine({ pacer: new Pacer() })
let index = 0

parentPort?.on('message', async (offer: string | undefined) => {
  if (offer === undefined) {
    await engine.close()
    parentPort?.close()
    return
  }
  const session = await engine.create({ codecs: [codec], dtmf: 'rfc4733', host: '127.0.0.1' })
  const accepted = session.acceptOffer(offer)
  if (!accepted.ok) throw new Error(accepted.why)
  session.listen(listen)
  session.play(tonePair(index++))
  session.start()
  parentPort?.postMessage(accepted.answer)
})
