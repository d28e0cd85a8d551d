/** What an echo call costs a server: SIPp speaks G.711, plain or as SRTP, and counts what comes back. */
import type { Scenario } from '../harness/load/sipp-wrapper/scenario.ts'
import type { CallServerName, CallServers } from './call-servers.ts'

export interface EchoLoad {
  readonly calls: number
  readonly seconds: number
  /** SRTP keyed by SDES, signalled over TLS; plain RTP over UDP otherwise. */
  readonly srtp?: true
}

export interface EchoCost {
  /** A thousandth of one core, per call. */
  readonly millicores: number
  readonly lost: number
}

/** Calls begin within this time. */
const rampSeconds = 1
/** The window in which all calls stream and none begins or ends: from SIPp's container being asked for. */
const windowStartsMs = 3_500
const windowMs = 4_000
const packetsPerSecond = 50

/** One second of a 400 Hz tone in G.711 u-law, near enough: any bytes would do. */
const audio = Uint8Array.from({ length: 8000 }, (_, at) => 0x80 | Math.round(63 + 40 * Math.sin((2 * Math.PI * 400 * at) / 8000)))

function echoed(seconds: number, srtp: true | undefined): Scenario {
  return {
    name: 'echo',
    steps: [
      { do: 'invite', ...(srtp && { srtp }) },
      { do: 'receive', status: 100, optional: true },
      { do: 'receive', status: 180, optional: true },
      { do: 'receive', status: 200, measure: true },
      { do: 'ack' },
      { do: 'stream', audio, times: seconds },
      // The last packets need a moment to come back.
      { do: 'pause', ms: seconds * 1000 + 800 },
      { do: 'count-packets' },
      { do: 'bye' },
      { do: 'receive', status: 200 },
    ],
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Throws when a call fails. */
export async function echoCost(servers: CallServers, name: CallServerName, { calls, seconds, srtp }: EchoLoad): Promise<EchoCost> {
  const scenario = echoed(seconds, srtp)
  const transport = srtp ? 'tls' : 'udp'
  const run = servers.load(name, { scenario, calls, rate: calls / rampSeconds, transport, deadlineMs: (seconds + 15) * 1000 })
  await sleep(windowStartsMs)
  const before = await servers.cpuSeconds(name)
  const started = performance.now()
  await sleep(windowMs)
  const used = (await servers.cpuSeconds(name)) - before
  const elapsedMs = performance.now() - started
  const { exit, errors, logged } = await run
  if (exit.code !== 0) throw new Error(`SIPp against ${name}: ${exit.meaning}; ${errors}`)
  const received = logged.reduce((sum, line) => sum + Number(/^packets (\d+)/.exec(line)?.[1] ?? 0), 0)
  return { millicores: (used * 1e6) / elapsedMs / calls, lost: calls * seconds * packetsPerSecond - received }
}

/** Packets such a load sends. */
export const packetsOf = ({ calls, seconds }: EchoLoad): number => calls * seconds * packetsPerSecond
