/**
 * From planned cells to the configuration of one Asterisk that serves them all: one
 * endpoint a cell, named by the edge's number, which is the user in From of a call from
 * the edge and in To of a call to it. Pure: cells in, text out; the caller writes it
 * where the container will find it.
 */
import type { Axes } from '../../../matrix/axes.ts'
import type { Cell } from '../../../matrix/cell.ts'
import { mediaOfPolicy } from '../../../matrix/media-policy.ts'
import { UnableError } from '../../errors.ts'
import type { PeerIdentity } from '../peer.ts'
import { containerFolders, coreConfiguration, type ManagerLogin, section } from './core-config.ts'
import { toneFileName, toneFolder } from './tone-file.ts'

/** A cell Asterisk will be asked to play, and who it is in it. */
export interface AsteriskCell {
  readonly cell: Cell
  readonly identity: PeerIdentity
}

/** Names in the mounted PKI folder: the authority both sides trust, and Asterisk's own certificate. */
const pkiFiles = { authority: 'ca.crt', certificate: 'asterisk.crt', key: 'asterisk.key' } as const

/** For UDP and TCP. */
export const sipPort = 5060
/** TLS has a port for each cell from here on: with one for all, their calls would share connections. Wireshark takes them for nothing else. */
const firstTlsPort = 30_000

/** Where each cell that speaks TLS is reached, by its number. */
export function tlsPorts(cells: readonly AsteriskCell[]): ReadonlyMap<string, number> {
  const secure = cells.filter(({ identity }) => identity.edge.transport === 'tls')
  return new Map(secure.map(({ identity }, place) => [identity.number, firstTlsPort + place]))
}

/** Written while Asterisk runs: the registrations in force. See {@link registrationFile}. */
export const registrationFileName = 'pjsip_registrations.conf'

/** Files by name. Throws RangeError when two cells share a number, or a value cannot be written; UnableError on a policy Asterisk has no setting for. */
export function asteriskConfiguration(cells: readonly AsteriskCell[], manager: ManagerLogin): Map<string, string> {
  const numbers = new Set(cells.map(({ identity }) => identity.number))
  if (numbers.size !== cells.length) throw new RangeError('two cells for Asterisk share a number')
  const files = coreConfiguration(manager)
  files.set('pjsip.conf', global() + transports(tlsPorts(cells)) + cells.map(endpoint).join(''))
  // Registrations live in a file of their own, so that one can begin without the rest being read again.
  files.set(
    'sorcery.conf',
    section('res_pjsip_outbound_registration', { registration: `config,${registrationFileName},criteria=type=registration` }),
  )
  files.set(registrationFileName, '')
  files.set('extensions.conf', dialplan)
  return files
}

/** A registration to be in force. */
export interface ActiveRegistration {
  readonly identity: PeerIdentity
  /** Use the credentials that are wrong on purpose. */
  readonly wrongPassword: boolean
}

/** The content of the registration file. */
export function registrationFile(active: readonly ActiveRegistration[]): string {
  return active
    .map(({ identity, wrongPassword }) =>
      section(registrationName(identity), {
        type: 'registration',
        transport: transportName(identity),
        server_uri: edgeUri(identity),
        client_uri: edgeUri(identity, identity.username),
        contact_user: identity.number,
        outbound_auth: wrongPassword ? wrongAuthName(identity) : identity.number,
        endpoint: identity.number,
        line: 'yes',
        expiration: '300',
        retry_interval: '5',
        // By default Asterisk adds a random time of up to 10 s to the second it always waits.
        max_random_initial_delay: '0',
      }),
    )
    .join('')
}

function registrationName(identity: PeerIdentity): string {
  return `register-${identity.number}`
}

function wrongAuthName(identity: PeerIdentity): string {
  return `wrong-${identity.number}`
}

/** `sip:user@host:port;transport=x` of the edge as this cell reaches it. */
export function edgeUri({ edge }: PeerIdentity, user?: string): string {
  const host = edge.host.includes(':') ? `[${edge.host}]` : edge.host
  const transport = edge.transport === 'udp' ? '' : `;transport=${edge.transport}`
  return `sip:${user === undefined ? '' : `${user}@`}${host}:${edge.port}${transport}`
}

function global(): string {
  return section('global', { type: 'global', endpoint_identifier_order: 'username,ip' }) + section('system', { type: 'system' })
}

/** A transport with a listener of its own has connections of its own. */
function transportName({ edge, number }: PeerIdentity): string {
  return edge.transport === 'tls' ? `tls-${number}` : edge.transport
}

function transports(ports: ReadonlyMap<string, number>): string {
  const { pki } = containerFolders
  const tls = (number: string, port: number): string =>
    section(`tls-${number}`, {
      type: 'transport',
      protocol: 'tls',
      bind: `0.0.0.0:${port}`,
      cert_file: `${pki}/${pkiFiles.certificate}`,
      priv_key_file: `${pki}/${pkiFiles.key}`,
      ca_list_file: `${pki}/${pkiFiles.authority}`,
      // An exact version, not a minimum; left out, Asterisk 22 speaks TLS 1.0 alone.
      method: 'tlsv1_3',
      verify_server: 'yes',
      verify_client: 'yes',
      require_client_cert: 'no',
    })
  return (
    section('udp', { type: 'transport', protocol: 'udp', bind: `0.0.0.0:${sipPort}` }) +
    section('tcp', { type: 'transport', protocol: 'tcp', bind: `0.0.0.0:${sipPort}` }) +
    [...ports].map(([number, port]) => tls(number, port)).join('')
  )
}

const codecNames: Readonly<Record<Axes['codec'], string>> = { pcmu: 'ulaw', pcma: 'alaw', opus: 'opus' }

const mediaEncryption: Readonly<Record<Axes['media'], Readonly<Record<string, string>>>> = {
  rtp: { media_encryption: 'no' },
  sdes: { media_encryption: 'sdes' },
  dtls: { media_encryption: 'dtls', dtls_auto_generate_cert: 'yes' },
  'osrtp-sdes': { media_encryption: 'sdes', media_encryption_optimistic: 'yes' },
  'osrtp-dtls': { media_encryption: 'dtls', media_encryption_optimistic: 'yes', dtls_auto_generate_cert: 'yes' },
}

/** Throws UnableError for a policy Asterisk cannot be set to. */
function encryptionOf(axes: Axes, { mediaPolicy }: PeerIdentity): Axes['media'] {
  if (mediaPolicy === undefined) return axes.media
  const media = mediaOfPolicy[mediaPolicy]
  if (media === undefined)
    throw new UnableError(`Asterisk cannot be set to ${mediaPolicy}`, 'it keys SRTP by SDES or by DTLS: use optional-sdes or optional-dtls')
  return media
}

function endpoint({ cell, identity }: AsteriskCell): string {
  const { axes } = cell
  const name = identity.number
  const account = section(name, {
    type: 'endpoint',
    transport: transportName(identity),
    context: 'answer',
    disallow: 'all',
    allow: codecNames[axes.codec],
    dtmf_mode: axes.dtmf,
    ...mediaEncryption[encryptionOf(axes, identity)],
    direct_media: 'no',
    rtp_symmetric: 'yes',
    force_rport: 'yes',
    rewrite_contact: 'yes',
    // Without it an answer would be matched to the endpoint whatever number the edge calls from.
    identify_by: 'username',
    aors: name,
    ...(axes.registration === 'register' ? { outbound_auth: name } : {}),
    ...(identity.username === '' ? {} : { from_user: identity.username }),
    // A call whose other side vanished must not hold a channel for ever.
    rtp_timeout: '30',
    set_var: `TONE=${containerFolders.configuration}/${toneFolder}/${toneFileName(identity.peerTone)}`,
  })
  const binding = section(name, { type: 'aor', contact: edgeUri(identity, name) })
  return (
    account +
    binding +
    auth(name, identity.username, identity.password) +
    auth(wrongAuthName(identity), identity.username, `not-${identity.password}`)
  )
}

function auth(name: string, username: string, password: string): string {
  return section(name, { type: 'auth', auth_type: 'digest', username, password })
}

/**
 * Every call speaks with its cell's tone, without a break, and listens for digits, one at
 * a time. Read takes a digit off the channel for good; one that came during another
 * application would be put back and reported again. "#" ends what Read reads and is not
 * part of it: then the result is empty. The tone is the prompt Read plays, over and over.
 */
const dialplan = `[answer]
exten => _[+0-9a-zA-Z].,1,Answer()
 same => n,Goto(speak,s,1)
exten => s,1,Answer()
 same => n,Goto(speak,s,1)

[speak]
exten => s,1(listen),Read(DIGIT,\${TONE},1,,1,0.1)
 same => n,GotoIf($["\${READSTATUS}" = "TIMEOUT"]?listen)
 same => n,GotoIf($["\${READSTATUS}" != "OK"]?over)
 same => n,UserEvent(Digit,Digit: \${IF($["\${DIGIT}" = ""]?#:\${DIGIT})})
 same => n,Goto(listen)
 same => n(over),Hangup()
`
