/**
 * A persona as its own process. Says it is ready with one line of JSON on stdout, ends on
 * SIGTERM, or with its parent under --exit-with-parent.
 */
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { faultCatalogue, parseFaults } from '../../../endpoint/faults.ts'
import { Persona, type PortRange } from './persona.ts'
import { personaServer } from './server.ts'

const range = (text: string): PortRange => {
  const [from = Number.NaN, to = Number.NaN] = text.split('-').map(Number)
  if (!(from > 0 && from < to && to < 65_536)) throw new RangeError(`"${text}" is not a range of ports such as 20000-29999`)
  return { from, to }
}

const program = new Command('persona')
  .requiredOption('--host <address>', 'address of every socket')
  .requiredOption('--token <token>', 'what the harness has to show')
  .option('--http-port <port>', 'control port, 0 for any', Number, 0)
  .option('--sip-ports <range>', 'SIP ports', range, range('20000-25999'))
  .option('--rtp-ports <range>', 'RTP ports', range, range('26000-31999'))
  .option('--tls-cert <file>')
  .option('--tls-key <file>')
  .option('--tls-ca <file>')
  .option('--exit-with-parent', 'end when stdin closes')
  .addOption(
    new Option('--fault <name>', 'plant a fault')
      .choices(Object.keys(faultCatalogue))
      .argParser((name: string, before: string[] = []) => [...before, name]),
  )
  .parse()

const options = program.opts<{
  host: string
  token: string
  httpPort: number
  sipPorts: PortRange
  rtpPorts: PortRange
  tlsCert?: string
  tlsKey?: string
  tlsCa?: string
  exitWithParent?: boolean
  fault?: string[]
}>()

const read = (file: string): string => readFileSync(file, 'utf8')
const { tlsCert, tlsKey, tlsCa } = options
const version = (JSON.parse(read(new URL('../../../package.json', import.meta.url).pathname)) as { version: string }).version

const persona = new Persona({
  host: options.host,
  tls: tlsCert && tlsKey && tlsCa ? { cert: read(tlsCert), key: read(tlsKey), ca: read(tlsCa) } : undefined,
  sipPorts: options.sipPorts,
  rtpPorts: options.rtpPorts,
  faults: parseFaults(options.fault ?? []),
  version,
})
const server = personaServer(persona, options.token)

let ending = false
async function end(): Promise<void> {
  if (ending) return
  ending = true
  await server.close()
  await persona[Symbol.asyncDispose]()
  process.exit(0)
}
process.on('SIGTERM', () => void end())
process.on('SIGINT', () => {
  // A terminal's Ctrl-C reaches every process: the harness ends us in its own time.
  if (!options.exitWithParent) void end()
})
if (options.exitWithParent) process.stdin.on('close', () => void end()).resume()

await server.listen({ host: options.host, port: options.httpPort })
const address = server.server.address()
const port = typeof address === 'object' ? address?.port : undefined
process.stdout.write(`${JSON.stringify({ event: 'ready', http: { host: options.host, port } })}\n`)
