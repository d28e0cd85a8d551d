/** The fields trunks and numbers are made of, each checked by itself, each refusal a sentence for people. */

import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { parseUri } from '../../protocol/sip/uri.ts'

const mostAddresses = 64

export const e164Schema = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'must be an E.164 number: + and 7 to 15 digits, such as +12065550100')
  .describe('A phone number in E.164 format.')

export const timeSchema = z.number().describe('Milliseconds since the epoch.')

/** A number in a query string, where a plus sign that was not escaped arrives as a blank. */
export const queryNumberSchema = z
  .string()
  .transform((text) => text.replace(/^ /, '+'))
  .pipe(e164Schema)

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i

const isHost = (text: string): boolean => {
  if (/^\[.*\]$/.test(text)) return isIP(text.slice(1, -1)) === 6
  if (isIP(text) !== 0) return true
  // Four figures that are no address (300.1.2.3) are a typing error, not a name.
  return hostName.test(text) && !/^[\d.]+$/.test(text)
}

export const sipDomainSchema = z
  .string()
  .refine((text) => !/^sips?:/i.test(text), 'must be a host name or an address alone, without sip:')
  .refine(
    (text) => isHost(text) || !isHost(text.replace(/:\d+$/, '')),
    'must not name a port: one that is not standard belongs in outbound_proxy',
  )
  .refine((text) => /^sips?:|:\d+$/i.test(text) || isHost(text), 'must be a host name or an IP address')
  // In URIs an IPv6 address stands in brackets; kept that way, a domain can be put into one as it is.
  .transform((text) => (isIP(text) === 6 ? `[${text}]` : text).toLowerCase())
  .describe('The domain of the SIP URIs on this trunk: a host name or an IP address.')

const proxyProblem = (text: string): string | undefined => {
  if (!/^sips?:/i.test(text)) return 'must be a SIP URI, such as sip:pbx.example.com:5070;transport=tcp'
  const uri = parseUri(text)
  if (uri === undefined || uri.scheme === 'tel' || !isHost(uri.host)) return 'is not a readable SIP URI'
  if (uri.user !== undefined) return 'must name a host alone, without a user'
  if (uri.headers.size > 0) return 'must not carry headers'
  if (uri.port === 0) return 'must name a port between 1 and 65535'
  const transport = uri.params.get('transport')
  if (transport !== undefined && !/^(udp|tcp|tls)$/i.test(transport)) return 'must use transport udp, tcp or tls'
  return undefined
}

export const outboundProxySchema = z
  .string()
  .superRefine((text, context) => {
    const problem = proxyProblem(text)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })
  .describe('Where outbound calls are sent, as a SIP URI: for ports that are not standard, for TLS, or for a registrar in between.')

const usernameSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(128)
  .regex(/^[^\s"\\:@<>]+$/, 'must not contain blanks, quotes, backslashes, colons, @ or angle brackets')

const passwordSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(256)
  .regex(/^[^\r\n\0]+$/, 'must be one line')
  .describe('Never returned.')

export const credentialsSchema = z
  .strictObject({ username: usernameSchema, password: passwordSchema })
  .describe('SIP authentication credentials.')

const cidrSchema = z
  .string()
  .refine((text) => readCidr(text) !== undefined, 'must be an IP address or a range such as 192.0.2.0/24')
  .describe('An address or a range in CIDR notation.')

export const addressesSchema = z.array(cidrSchema).min(1, 'must name at least one address').max(mostAddresses)

/** An address or range, or undefined when it is not one. */
function readCidr(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [address = '', length, extra] = text.split('/')
  const kind = isIP(address)
  if (kind === 0 || extra !== undefined || address.includes('%')) return undefined
  const widest = kind === 4 ? 32 : 128
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const prefix = length === undefined ? widest : Number(length)
  return prefix > widest ? undefined : { address, prefix, family: kind === 4 ? 'ipv4' : 'ipv6' }
}

/** The addresses of an ACL as something that answers `check`. */
export function addressList(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of cidrs) {
    const cidr = readCidr(text)
    if (cidr !== undefined) list.addSubnet(cidr.address, cidr.prefix, cidr.family)
  }
  return list
}

const digestAlgorithms = ['md5', 'sha-256', 'sha-512-256'] as const

const unique = <T>(items: readonly T[]): boolean => new Set(items).size === items.length

/** Names the known values where a union's deciding field has none of them. */
export const knownKinds = (kinds: string) => ({
  error: (issue: { code?: string }): string | undefined => (issue.code === 'invalid_union' ? `must be ${kinds}` : undefined),
})

export const authSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('acl'), addresses: addressesSchema }),
    z.strictObject({
      type: z.literal('digest'),
      username: usernameSchema,
      password: passwordSchema,
      algorithms: z
        .array(z.enum(digestAlgorithms))
        .min(1)
        .refine(unique, 'must not name one algorithm twice')
        .default(['sha-256', 'md5'])
        .describe('Offered in this order (RFC 8760).'),
    }),
  ],
  knownKinds('acl or digest'),
)

const codecSchema = z.enum(['pcmu', 'pcma', 'opus'])

export const codecsSchema = z
  .array(codecSchema)
  .min(1, 'must name at least one codec')
  .refine(unique, 'must not name one codec twice')
  .describe('Codecs in order of preference.')

export const defaultCodecs: z.infer<typeof codecSchema>[] = ['pcmu', 'pcma', 'opus']

export const dtmfSchema = z.enum(['rfc4733', 'info']).describe('How digits travel: as RTP events (RFC 4733, once RFC 2833) or in SIP INFO.')

const keyingSchema = z.enum(['sdes', 'dtls'])

export const mediaPolicySchema = z
  .strictObject({
    policy: z
      .enum(['best-effort', 'required', 'never'])
      .default('best-effort')
      .describe(
        'best-effort: SRTP where the phone system agrees to it, else RTP; required: SRTP or no call; never: RTP, for one that stumbles over keys.',
      ),
    keyings: z
      .array(keyingSchema)
      .min(1, 'must name at least one keying')
      .refine(unique, 'must not name one keying twice')
      .default(['sdes', 'dtls'])
      .describe('How SRTP may be keyed, in order of preference: in the SDP (RFC 4568), or by a DTLS handshake (RFC 5763).'),
  })
  .describe('Encryption of audio. SRTP is only ever agreed to where signalling is TLS.')

/** What a trunk does that was made without the field. */
export const defaultMediaPolicy: z.output<typeof mediaPolicySchema> = { policy: 'best-effort', keyings: ['sdes', 'dtls'] }

export const clientCertificateSchema = z
  .enum(['optional', 'required'])
  .describe('required: calls and registrations only over TLS with a certificate for the SIP domain (RFC 5922), whatever else they prove.')

export const registrationSchema = z
  .enum(['static', 'register'])
  .describe('static: fixed addresses; register: the phone system registers here and its binding is where calls go.')

export const idSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,127}$/, 'must be 1 to 128 of a-z, 0-9, dot, dash and underscore, and begin with a letter or digit')
  .describe('Chosen by the caller, or made up by the edge when left out.')

export type DigestAlgorithm = (typeof digestAlgorithms)[number]
