/**
 * What a call costs the edge, and how many a second it takes, beside Asterisk 22 under
 * the same SIPp command in the same run: SIPp's built-in caller, which sends no media and
 * hangs up at once. Takes two minutes where nothing else runs.
 *
 * Asterisk opens ports for every call it answers. The edge's open number says `inactive` and
 * opens none, which is what signalling alone means; beside it stands an edge that opens
 * ports, starts its media clock and makes ready to echo, so that like meets like.
 *
 *   npm run bench -- sip-calls
 */
import type { Benchmark } from './benchmark.ts'
import { callsPerCpuSecond, highestClean, offer } from './call-rates.ts'
import { type CallServerName, CallServers, type Measured } from './call-servers.ts'

const names = ['edge', 'edge-with-media', 'asterisk'] as const satisfies CallServerName[]
const title = { edge: 'edge', 'edge-with-media': 'edge with media ports', asterisk: 'Asterisk' } as const
/** Calls a second that both take with ease. */
const easyRate = 400
/** All at once: the compiler is done with a path only after ten thousand calls, and Asterisk gets as many. */
const warmUpSeconds = 25
const measuredSeconds = 4
const rounds = 2
/** The ladder begins at this share of what one CPU could carry. */
const ladderFoot = 0.8

export const benchmark: Benchmark = {
  name: 'sip-calls',
  needs: ['docker'],
  async run(report) {
    await using servers = await CallServers.start(names, 'Wait(60)')
    const measured: Record<CallServerName, Measured[]> = { edge: [], 'edge-with-media': [], asterisk: [] }
    await Promise.all(names.map((name) => offer(servers, name, easyRate, warmUpSeconds)))
    for (let round = 0; round < rounds; round += 1) {
      for (const name of names) measured[name].push(await offer(servers, name, easyRate, measuredSeconds))
    }
    const perCpu = (name: CallServerName): number => callsPerCpuSecond(measured[name])
    for (const name of names) {
      report({ what: `${title[name]}: calls per CPU-second, at ${easyRate} calls/s`, value: perCpu(name), unit: 'calls/CPU-s' })
      const failed = measured[name].reduce((sum, { statistics }) => sum + easyRate * measuredSeconds - (statistics?.succeeded ?? 0), 0)
      if (failed > 0) report({ what: `${title[name]}: calls of these that failed`, value: failed, unit: 'calls', budget: '0' })
    }
    const ratio = (name: CallServerName): number => perCpu(name) / perCpu('asterisk')
    report({ what: 'edge over Asterisk, calls per CPU-second', value: ratio('edge'), unit: 'times', budget: '3, then 5' })
    report({ what: 'edge with media ports over Asterisk', value: ratio('edge-with-media'), unit: 'times' })

    const highest = { edge: 0, asterisk: 0 }
    for (const name of ['edge', 'asterisk'] as const) {
      const { rate, measured: best } = await highestClean(servers, name, ladderFoot * perCpu(name))
      highest[name] = rate
      report({ what: `${title[name]}: highest clean rate`, value: rate, unit: 'calls/s' })
      if (best !== undefined)
        report({ what: `${title[name]}: calls per CPU-second there`, value: callsPerCpuSecond([best]), unit: 'calls/CPU-s' })
    }
    report({ what: 'edge over Asterisk, highest clean rate', value: highest.edge / highest.asterisk, unit: 'times' })
  },
}
