/**
 * What a G.711 call with media costs the edge, beside Asterisk 22 under the same SIPp
 * command in the same run: both send back what they hear, and SIPp counts what returns.
 * A millicore is a thousandth of one core. Takes about a minute.
 *
 *   npm run bench -- echo-calls
 */
import type { Scenario } from '../harness/load/sipp-wrapper/scenario.ts'
import type { Benchmark } from './benchmark.ts'
import { CallServers } from './call-servers.ts'

const names = ['edge-with-media', 'asterisk'] as const
type Name = (typeof names)[number]
const title = { 'edge-with-media': 'edge', asterisk: 'Asterisk' } as const

const calls = 100
/** Calls begin within this time. */
const rampSeconds = 1
const streamSeconds = 9
const warmUpSeconds = 3
/** The window in which all calls stream and none begins or ends: from SIPp's container being asked for. */
const windowStartsMs = 3_500
const windowMs = 4_000
const rounds = 2

/** One second of a 400 Hz tone in G.711 u-law, near enough: any bytes would do. */
const audio = Uint8Array.from({ length: 8000 }, (_, at) => 0x80 | Math.round(63 + 40 * Math.sin((2 * Math.PI * 400 * at) / 8000)))
const packetsPerSecond = 50

function echoed(seconds: number): Scenario {
  return {
    name: 'echo',
    steps: [
      { do: 'invite' },
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

interface Measured {
  readonly millicores: number
  readonly lost: number
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function measure(servers: CallServers, name: Name, seconds: number): Promise<Measured> {
  const scenario = echoed(seconds)
  const run = servers.load(name, { scenario, calls, rate: calls / rampSeconds, deadlineMs: (seconds + 15) * 1000 })
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

export const benchmark: Benchmark = {
  name: 'echo-calls',
  needs: ['docker'],
  async run(report) {
    await using servers = await CallServers.start(names, 'Echo()')
    const measured: Record<Name, Measured[]> = { 'edge-with-media': [], asterisk: [] }
    for (const name of names) await measure(servers, name, warmUpSeconds)
    for (let round = 0; round < rounds; round += 1) {
      for (const name of names) measured[name].push(await measure(servers, name, streamSeconds))
    }
    const mean = (name: Name): number => measured[name].reduce((sum, { millicores }) => sum + millicores, 0) / rounds
    for (const name of names) {
      report({ what: `${title[name]}: CPU of one of ${calls} echo calls`, value: mean(name), unit: 'millicores' })
      const lost = measured[name].reduce((sum, each) => sum + each.lost, 0)
      const sent = rounds * calls * streamSeconds * packetsPerSecond
      report({
        what: `${title[name]}: packets of ${sent.toLocaleString('en-US')} that did not come back`,
        value: lost,
        unit: 'packets',
        budget: '0',
      })
    }
    const ratio = mean('edge-with-media') / mean('asterisk')
    report({ what: 'edge over Asterisk, CPU per echo call', value: ratio, unit: 'times', budget: '1, then 0.4' })
  },
}
