/** What calls cost a server and how many a second it takes: SIPp's built-in caller, which sends no media and hangs up at once. */
import type { CallServerName, CallServers, Measured, SignallingTransport } from './call-servers.ts'

const ladderSeconds = 3
const ladderFactor = 1.25

export async function offer(
  servers: CallServers,
  name: CallServerName,
  rate: number,
  seconds: number,
  transport: SignallingTransport = 'udp',
): Promise<Measured> {
  const calls = Math.round(rate * seconds)
  // Past the knee calls pile up: a second's worth may be open, then SIPp waits and misses its rate.
  const concurrency = Math.ceil(rate)
  return servers.load(name, { scenario: 'uac', calls, rate, concurrency, transport, deadlineMs: (seconds + 7) * 1000 })
}

const clean = ({ exit, statistics }: Measured, rate: number): boolean =>
  exit.code === 0 && statistics?.retransmissions === 0 && statistics.callsPerSecond >= 0.95 * rate

export const callsPerCpuSecond = (measured: readonly Measured[]): number =>
  measured.reduce((sum, { statistics }) => sum + (statistics?.succeeded ?? 0), 0) /
  measured.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)

/** Climbs until a rate is not taken cleanly, twice over because machines have other things to do; gives the last that was. */
export async function highestClean(
  servers: CallServers,
  name: CallServerName,
  from: number,
  transport: SignallingTransport = 'udp',
): Promise<{ rate: number; measured?: Measured }> {
  let best: { rate: number; measured?: Measured } = { rate: 0 }
  for (let rate = Math.round(from); ; rate = Math.round(rate * ladderFactor)) {
    let measured = await offer(servers, name, rate, ladderSeconds, transport)
    if (!clean(measured, rate)) measured = await offer(servers, name, rate, ladderSeconds, transport)
    if (!clean(measured, rate)) return best
    best = { rate, measured }
  }
}
