/**
 * What TLS, SRTP and DTLS cost the edge, beside Asterisk 22 asked the same in the same run:
 * calls signalled over TLS 1.3 (SIPp, one connection), echo calls of SRTP keyed by SDES over
 * plain ones (SIPp), and calls keyed by DTLS over calls keyed by SDES (our own endpoint,
 * which SIPp cannot stand in for). Takes five minutes where nothing else runs.
 *
 *   npm run bench -- secure-calls
 */
import type { Keying } from '../protocol/sdp/types.ts'
import type { Benchmark, BenchmarkRow } from './benchmark.ts'
import { callsPerCpuSecond, highestClean, offer } from './call-rates.ts'
import { CallServers, type Measured } from './call-servers.ts'
import { type EchoCost, echoCost, packetsOf } from './echo-load.ts'
import { SecureCaller } from './secure-caller.ts'

const names = ['edge-with-media', 'asterisk'] as const
type Name = (typeof names)[number]
const title = { 'edge-with-media': 'edge', asterisk: 'Asterisk' } as const
type Report = (row: BenchmarkRow) => void

const rounds = 2
/** Calls a second that both take with ease. */
const easyRate = 300
const warmUpSeconds = 15
const measuredSeconds = 4
const ladderFoot = 0.6

const echo = { calls: 50, seconds: 9 }
const secureEcho = { ...echo, srtp: true } as const

/** Our own caller, its CPU on the same machine: few at a time are enough to keep a server busy. */
const callersAtOnce = 4
const keyedCalls = { warmUp: 100, measured: 200 }

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const inTurn = async <T>(work: (name: Name) => Promise<T>): Promise<Record<Name, T[]>> => {
  const results: Record<Name, T[]> = { 'edge-with-media': [], asterisk: [] }
  for (let round = 0; round < rounds; round += 1) for (const name of names) results[name].push(await work(name))
  return results
}

async function tlsCalls(servers: CallServers, report: Report): Promise<void> {
  await Promise.all(names.map((name) => offer(servers, name, easyRate, warmUpSeconds, 'tls')))
  const measured: Record<Name, Measured[]> = await inTurn((name) => offer(servers, name, easyRate, measuredSeconds, 'tls'))
  const perCpu = (name: Name): number => callsPerCpuSecond(measured[name])
  for (const name of names) {
    report({ what: `${title[name]}: TLS calls per CPU-second, at ${easyRate} calls/s`, value: perCpu(name), unit: 'calls/CPU-s' })
    const succeeded = measured[name].reduce((sum, { statistics }) => sum + (statistics?.succeeded ?? 0), 0)
    const failed = rounds * easyRate * measuredSeconds - succeeded
    if (failed > 0) report({ what: `${title[name]}: TLS calls of these that failed`, value: failed, unit: 'calls', budget: '0' })
  }
  report({ what: 'edge over Asterisk, TLS calls per CPU-second', value: perCpu('edge-with-media') / perCpu('asterisk'), unit: 'times' })
  const highest = { 'edge-with-media': 0, asterisk: 0 }
  for (const name of names) {
    highest[name] = (await highestClean(servers, name, ladderFoot * perCpu(name), 'tls')).rate
    report({ what: `${title[name]}: highest clean rate over TLS`, value: highest[name], unit: 'calls/s' })
  }
  report({ what: 'edge over Asterisk, highest clean rate over TLS', value: highest['edge-with-media'] / highest.asterisk, unit: 'times' })
}

async function srtpEcho(servers: CallServers, report: Report): Promise<void> {
  for (const name of names) await echoCost(servers, name, { ...secureEcho, seconds: 3 })
  const plain: Record<Name, EchoCost[]> = await inTurn((name) => echoCost(servers, name, echo))
  const srtp: Record<Name, EchoCost[]> = await inTurn((name) => echoCost(servers, name, secureEcho))
  for (const name of names) {
    const [clear, sealed] = [plain, srtp].map((costs) => meanOf(costs[name].map(({ millicores }) => millicores))) as [number, number]
    report({ what: `${title[name]}: CPU of one of ${echo.calls} echo calls, plain`, value: clear, unit: 'millicores' })
    report({ what: `${title[name]}: the same as SRTP`, value: sealed, unit: 'millicores' })
    const budget = name === 'asterisk' ? {} : { budget: '1.5 or less' }
    report({ what: `${title[name]}: SRTP over plain, CPU per echo call`, value: sealed / clear, unit: 'times', ...budget })
    const lost = srtp[name].reduce((sum, each) => sum + each.lost, 0)
    const sent = (rounds * packetsOf(echo)).toLocaleString('en-US')
    report({ what: `${title[name]}: SRTP packets of ${sent} that did not come back`, value: lost, unit: 'packets', budget: '0' })
  }
}

/** Server CPU of one call, milliseconds, and calls a second. */
async function keyed(
  servers: CallServers,
  caller: SecureCaller,
  name: Name,
  keying: Keying,
): Promise<{ cpuMs: number; perSecond: number }> {
  // Which of Asterisk's endpoints takes a call, From says.
  const user = keying === 'dtls' ? 'dtls' : 'sipp'
  const play = async (calls: number): Promise<void> => {
    let left = calls
    const worker = async (): Promise<void> => {
      while (left-- > 0) await caller.call(servers.secureUri(name), keying, user)
    }
    await Promise.all(Array.from({ length: callersAtOnce }, worker))
  }
  await play(keyedCalls.warmUp)
  const before = await servers.cpuSeconds(name)
  const started = performance.now()
  await play(keyedCalls.measured)
  const elapsedMs = performance.now() - started
  const used = (await servers.cpuSeconds(name)) - before
  return { cpuMs: (1000 * used) / keyedCalls.measured, perSecond: (1000 * keyedCalls.measured) / elapsedMs }
}

async function dtlsCalls(servers: CallServers, report: Report): Promise<void> {
  await using caller = await SecureCaller.open(servers.caller)
  const dtls = await inTurn((name) => keyed(servers, caller, name, 'dtls'))
  const sdes = await inTurn((name) => keyed(servers, caller, name, 'sdes'))
  const handshakeMs = { 'edge-with-media': 0, asterisk: 0 }
  for (const name of names) {
    const [withDtls, withSdes] = [dtls, sdes].map((costs) => meanOf(costs[name].map(({ cpuMs }) => cpuMs))) as [number, number]
    handshakeMs[name] = withDtls - withSdes
    const perSecond = meanOf(dtls[name].map(({ perSecond }) => perSecond))
    report({ what: `${title[name]}: calls keyed by DTLS, ${callersAtOnce} at a time`, value: perSecond, unit: 'calls/s' })
    report({ what: `${title[name]}: CPU of a call keyed by DTLS`, value: withDtls, unit: 'ms' })
    report({ what: `${title[name]}: of it the handshake (over a call keyed by SDES)`, value: handshakeMs[name], unit: 'ms' })
    report({ what: `${title[name]}: DTLS handshakes per CPU-second`, value: 1000 / handshakeMs[name], unit: 'handshakes/CPU-s' })
  }
  report({
    what: 'Asterisk over edge, CPU of a DTLS handshake',
    value: handshakeMs.asterisk / handshakeMs['edge-with-media'],
    unit: 'times',
  })
}

export const benchmark: Benchmark = {
  name: 'secure-calls',
  needs: ['docker'],
  async run(report) {
    // Each on servers of its own: a ladder ends past what a server carries, and Asterisk does not always outlive that.
    for (const part of [srtpEcho, dtlsCalls, tlsCalls]) {
      await using servers = await CallServers.start(names, 'Echo()')
      await part(servers, report)
    }
  },
}
