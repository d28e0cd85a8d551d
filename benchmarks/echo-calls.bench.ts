/**
 * What a G.711 call with media costs the edge, beside Asterisk 22 under the same SIPp
 * command in the same run: both send back what they hear, and SIPp counts what returns.
 * A millicore is a thousandth of one core. Takes about a minute.
 *
 *   npm run bench -- echo-calls
 */
import type { Benchmark } from './benchmark.ts'
import { CallServers } from './call-servers.ts'
import { type EchoCost, echoCost, packetsOf } from './echo-load.ts'

const names = ['edge-with-media', 'asterisk'] as const
type Name = (typeof names)[number]
const title = { 'edge-with-media': 'edge', asterisk: 'Asterisk' } as const

const load = { calls: 100, seconds: 9 }
const warmUp = { ...load, seconds: 3 }
const rounds = 2

export const benchmark: Benchmark = {
  name: 'echo-calls',
  needs: ['docker'],
  async run(report) {
    await using servers = await CallServers.start(names, 'Echo()')
    const measured: Record<Name, EchoCost[]> = { 'edge-with-media': [], asterisk: [] }
    for (const name of names) await echoCost(servers, name, warmUp)
    for (let round = 0; round < rounds; round += 1) {
      for (const name of names) measured[name].push(await echoCost(servers, name, load))
    }
    const mean = (name: Name): number => measured[name].reduce((sum, { millicores }) => sum + millicores, 0) / rounds
    for (const name of names) {
      report({ what: `${title[name]}: CPU of one of ${load.calls} echo calls`, value: mean(name), unit: 'millicores' })
      const lost = measured[name].reduce((sum, each) => sum + each.lost, 0)
      const sent = (rounds * packetsOf(load)).toLocaleString('en-US')
      report({ what: `${title[name]}: packets of ${sent} that did not come back`, value: lost, unit: 'packets', budget: '0' })
    }
    const ratio = mean('edge-with-media') / mean('asterisk')
    report({ what: 'edge over Asterisk, CPU per echo call', value: ratio, unit: 'times', budget: '1, then 0.4' })
  },
}
