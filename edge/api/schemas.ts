/**
 * The API's words: what a trunk, a number, an agent and a call are made of. One zod
 * schema each; validation, TypeScript types, the store's rows and OpenAPI follow from it.
 */

import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { parseUri } from '../../protocol/sip/uri.ts'

const limits = { numbersPerBulk: 5000, trunksPerBulk: 5000, addresses: 64, digits: 64, headers: 16 } as const

/** Longest delay an agent may be told to keep, a day. */
const maxDelayMs = 86_400_000

const e164Schema = z
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

const sipDomainSchema = z
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

const outboundProxySchema = z
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

const credentialsSchema = z.strictObject({ username: usernameSchema, password: passwordSchema }).describe('SIP authentication credentials.')

const cidrSchema = z
  .string()
  .refine((text) => readCidr(text) !== undefined, 'must be an IP address or a range such as 192.0.2.0/24')
  .describe('An address or a range in CIDR notation.')

const addressesSchema = z.array(cidrSchema).min(1, 'must name at least one address').max(limits.addresses)

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
const knownKinds = (kinds: string) => ({
  error: (issue: { code?: string }): string | undefined => (issue.code === 'invalid_union' ? `must be ${kinds}` : undefined),
})

const authSchema = z.discriminatedUnion(
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

const codecsSchema = z
  .array(codecSchema)
  .min(1, 'must name at least one codec')
  .refine(unique, 'must not name one codec twice')
  .describe('Codecs in order of preference.')

const defaultCodecs: z.infer<typeof codecSchema>[] = ['pcmu', 'pcma', 'opus']

const dtmfSchema = z.enum(['rfc4733', 'info']).describe('How digits travel: as RTP events (RFC 4733, once RFC 2833) or in SIP INFO.')

const registrationSchema = z
  .enum(['static', 'register'])
  .describe('static: fixed addresses; register: the phone system registers here and its binding is where calls go.')

const idSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,127}$/, 'must be 1 to 128 of a-z, 0-9, dot, dash and underscore, and begin with a letter or digit')
  .describe('Chosen by the caller, or made up by the edge when left out.')

const trunkFields = z.strictObject({
  id: idSchema.optional(),
  name: z.string().min(1, 'must not be empty').max(128).describe('For people.'),
  auth: authSchema,
  registration: registrationSchema.default('static'),
  sip_domain: sipDomainSchema,
  outbound_proxy: outboundProxySchema.optional(),
  outbound_credentials: credentialsSchema.optional().describe('How the edge answers a challenge to its own calls.'),
  dtmf: dtmfSchema.default('rfc4733'),
  codecs: codecsSchema.default(defaultCodecs),
})

/** POST /v1/trunks */
export const trunkImportSchema = trunkFields.superRefine((trunk, context) => {
  if (trunk.registration === 'register' && trunk.auth.type !== 'digest') {
    context.addIssue({
      code: 'custom',
      path: ['registration'],
      message: 'register needs digest authentication: the username is what registers',
    })
  }
})

/** A trunk as it is kept. `created_for` names the number a trunk was made for; it goes when that number goes. */
export const trunkSchema = trunkFields.extend({ id: idSchema, created_for: e164Schema.optional(), created_at: timeSchema })

const pairSchema = z.tuple([z.number().min(100).max(3800), z.number().min(100).max(3800)]).describe('Two frequencies in Hz.')
const levelSchema = z.number().min(-60).max(3).describe('Level in dBm0.')
const digitsSchema = z
  .string()
  .regex(/^[0-9*#A-Da-d]+$/, 'must be made of 0-9, *, # and A-D')
  .max(limits.digits)
  .transform((text) => text.toUpperCase())
const delaySchema = z.int().min(0).max(maxDelayMs)

export const agentSchema = z
  .strictObject({
    answer: z.enum(['answer', 'ring', 'reject']).default('answer').describe('ring: alert and never answer.'),
    answer_after_ms: delaySchema.default(0).describe('Rings that long first.'),
    status: z.int().min(400).max(699).default(486).describe('The SIP status a call is rejected with.'),
    tone: pairSchema.nullable().default(null).describe('Spoken from the answer on; null is silence.'),
    level_dbm0: levelSchema.optional(),
    digits: z
      .strictObject({ send: digitsSchema, after_ms: delaySchema.default(0) })
      .optional()
      .describe('Sent once, so long after the answer.'),
    echo: z.boolean().default(false).describe('Send back what is heard instead of a tone.'),
    listen: z.boolean().default(true).describe('Look for tones in what is heard; costs CPU.'),
    media: z
      .boolean()
      .default(true)
      .describe('false: agree that no audio flows (a=inactive) and take no port; for load on signalling alone.'),
    hangup_after_ms: delaySchema.optional().describe('Hang up so long after the answer.'),
    trace: z.boolean().default(false).describe('Keep the SIP messages of each call.'),
  })
  .describe('What happens on a call of this number.')

const numberFields = z.strictObject({
  number: e164Schema,
  sip_domain: sipDomainSchema.optional().describe('The SIP domain; may be left out when `trunk` names one that has it.'),
  credentials: credentialsSchema.optional().describe('SIP authentication credentials, used both ways.'),
  outbound_proxy: outboundProxySchema.optional(),
  trunk: idSchema.optional().describe('An existing trunk. Without it the number gets one of its own, made from the fields here.'),
  allowed_addresses: addressesSchema.optional().describe('Without credentials: the addresses calls may come from.'),
  registration: registrationSchema.optional(),
  dtmf: dtmfSchema.optional(),
  codecs: codecsSchema.optional(),
  agent: agentSchema.optional(),
})

/** Fields that shape an own trunk and mean nothing beside `trunk`. */
const ownTrunkFields = ['allowed_addresses', 'registration', 'dtmf', 'codecs'] as const

/** POST /v1/numbers: what the provider's guide asks for when a number is imported. */
export const numberImportSchema = numberFields.superRefine((number, context) => {
  const wrong = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
  if (number.trunk !== undefined) {
    for (const field of ownTrunkFields) {
      if (number[field] !== undefined) wrong(field, 'is set by the trunk and cannot be given beside it')
    }
    return
  }
  if (number.sip_domain === undefined) wrong('sip_domain', 'is required')
  const { credentials, allowed_addresses: addresses } = number
  if (credentials === undefined && addresses === undefined) {
    wrong('credentials', 'is required: give credentials, or allowed_addresses, or a trunk')
  }
  if (credentials !== undefined && addresses !== undefined) {
    wrong('allowed_addresses', 'cannot be given beside credentials: make a trunk to have both')
  }
  if (number.registration === 'register' && credentials === undefined) wrong('registration', 'register needs credentials')
})

/** A number as it is kept. */
export const numberSchema = z.strictObject({
  number: e164Schema,
  trunk: idSchema,
  sip_domain: sipDomainSchema.optional(),
  credentials: credentialsSchema.optional(),
  outbound_proxy: outboundProxySchema.optional(),
  agent: agentSchema,
  created_at: timeSchema,
})

/** PATCH /v1/numbers/:number */
export const numberPatchSchema = z.strictObject({ agent: agentSchema })

/** POST /v1/bulk: everything in it, or nothing. Its numbers may name trunks of the same request. */
export const bulkSchema = z.strictObject({
  trunks: z.array(trunkImportSchema).max(limits.trunksPerBulk).default([]),
  numbers: z.array(numberImportSchema).max(limits.numbersPerBulk).default([]),
})

const dialTargetSchema = z
  .string()
  .refine(
    (text) => e164Schema.safeParse(text).success || (/^sips?:/i.test(text) && parseUri(text) !== undefined),
    'must be an E.164 number or a SIP URI',
  )
  .describe('Who is called: an E.164 number or a SIP URI.')

/** POST /v1/calls */
export const callRequestSchema = z.strictObject({
  number: e164Schema.describe('The imported number that calls.'),
  to: dialTargetSchema,
  agent: agentSchema.default(() => agentSchema.parse({})),
  headers: z
    .record(
      z.string().regex(/^X-[A-Za-z0-9_-]{1,64}$/, 'must begin with X-'),
      z
        .string()
        .max(1024)
        .regex(/^[^\r\n\0]*$/, 'must be one line'),
    )
    .refine((headers) => Object.keys(headers).length <= limits.headers, `must name at most ${limits.headers} headers`)
    .default({})
    .describe('Own headers of the INVITE.'),
})

/** POST /v1/calls/:id/actions */
export const callActionSchema = z.discriminatedUnion(
  'action',
  [
    z.strictObject({ action: z.literal('tone'), tone: pairSchema.nullable(), level_dbm0: levelSchema.optional() }),
    z.strictObject({
      action: z.literal('digits'),
      digits: digitsSchema.refine((text) => text.length > 0),
      duration_ms: z.int().min(40).max(10_000).optional(),
      gap_ms: z.int().min(30).max(10_000).optional(),
    }),
    z.strictObject({ action: z.literal('hangup') }),
  ],
  knownKinds('tone, digits or hangup'),
)

export type TrunkImport = z.output<typeof trunkImportSchema>
export type Trunk = z.output<typeof trunkSchema>
export type NumberImport = z.output<typeof numberImportSchema>
export type NumberRecord = z.output<typeof numberSchema>
export type AgentScript = z.output<typeof agentSchema>
export type Bulk = z.output<typeof bulkSchema>
export type CallRequest = z.output<typeof callRequestSchema>
export type CallAction = z.output<typeof callActionSchema>
export type DigestAlgorithm = (typeof digestAlgorithms)[number]
