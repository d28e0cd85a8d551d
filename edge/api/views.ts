/**
 * What the API shows of the things it keeps. Passwords have no place in these shapes;
 * a test holds every answer against them.
 */

import { z } from 'zod'
import { timeSchema } from './fields.ts'
import { type NumberRecord, numberSchema, type Trunk, trunkSchema } from './schemas.ts'

const addressView = z.strictObject({ address: z.string(), port: z.number() })

const usernameView = z.strictObject({ username: z.string() })

export const trunkViewSchema = trunkSchema.omit({ auth: true, outbound_credentials: true }).extend({
  auth: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('acl'), addresses: z.array(z.string()) }),
    z.strictObject({ type: z.literal('digest'), username: z.string(), algorithms: z.array(z.string()) }),
  ]),
  outbound_credentials: usernameView.optional(),
  numbers: z.array(z.string()).describe('The numbers on this trunk.'),
})

export const numberViewSchema = numberSchema.omit({ credentials: true }).extend({ credentials: usernameView.optional() })

export const bulkViewSchema = z.strictObject({ trunks: z.array(trunkViewSchema), numbers: z.array(numberViewSchema) })

const tlsView = z.strictObject({
  version: z.string(),
  cipher: z.string(),
  authorized: z.boolean(),
  verify_error: z.string().optional(),
  peer_names: z.array(z.string()),
  servername: z.string().optional(),
})

const endedView = z.strictObject({
  by: z.enum(['local', 'remote', 'timeout', 'error']),
  status: z.number().optional(),
  reason: z.string().optional(),
})

const pairView = z.tuple([z.number(), z.number()]).nullable()

export const callViewSchema = z.strictObject({
  id: z.string(),
  call_id: z.string().describe("The INVITE's Call-ID, the newest one's where there were several."),
  direction: z.enum(['inbound', 'outbound']).describe('As the phone system sees the edge: inbound calls come to the edge.'),
  number: z.string().describe('Our number: the one called, or the one that calls.'),
  trunk: z.string().nullable(),
  from: z.string(),
  to: z.string(),
  state: z.enum(['setup', 'early', 'answered', 'confirmed', 'ended']),
  started_at: timeSchema,
  ringing_at: timeSchema.optional(),
  answered_at: timeSchema.optional(),
  confirmed_at: timeSchema.optional(),
  ended_at: timeSchema.optional(),
  ended: endedView.optional(),
  transport: z.strictObject({ protocol: z.enum(['udp', 'tcp', 'tls']), remote: addressView, tls: tlsView.nullable() }),
  sdp: z.strictObject({ local: z.string().nullable(), remote: z.string().nullable() }),
  negotiated: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('Codec, payload types, addresses, direction, transport profile, keying and crypto suite as agreed.'),
  attempts: z
    .array(
      z.strictObject({
        call_id: z.string(),
        offer: z.enum(['osrtp', 'sdes', 'dtls', 'rtp']).describe('osrtp is RTP/AVP that carries keying attributes (RFC 8643).'),
        ended: endedView.optional(),
      }),
    )
    .optional()
    .describe('The INVITEs of an outbound call: when one is refused for its description, another follows with another.'),
  digits: z.array(z.strictObject({ digit: z.string(), method: z.enum(['rfc4733', 'info']), duration_ms: z.number(), at: timeSchema })),
  tones: z
    .array(
      z.strictObject({
        pair: pairView.describe('null is silence, or nothing like two tones.'),
        level_dbm0: z.number().nullable().describe('null is digital silence.'),
        purity: z.number().describe('Share of the energy that is in the pair, 0 to 1.'),
        at: timeSchema,
        until: timeSchema,
        windows: z.number().describe('Readings in a row that said so; level and purity are the median ones.'),
      }),
    )
    .describe('What was heard, one entry a change.'),
  media: z.record(z.string(), z.unknown()).nullable().describe('Packet, loss, jitter and RTCP figures.'),
})

export const registrationViewSchema = z.strictObject({
  trunk: z.string(),
  aor: z.string(),
  contacts: z.array(
    z.strictObject({
      uri: z.string(),
      expires_at: timeSchema,
      transport: z.enum(['udp', 'tcp', 'tls']),
      remote: addressView,
      connected: z.boolean().describe('Whether the connection it came by is still open.'),
    }),
  ),
})

const sipView = z.strictObject({
  at: timeSchema,
  dir: z.enum(['in', 'out']),
  transport: z.enum(['udp', 'tcp', 'tls']),
  local: addressView,
  remote: addressView,
  tls: tlsView.optional(),
  bytes: z.string().describe('The message as it was on the wire, base64.'),
})

const masterKeyView = z.strictObject({ key: z.string(), salt: z.string() }).describe('Base64 (RFC 3711 section 3.2.1).')

export const traceViewSchema = z.strictObject({
  sip: z.array(sipView),
  truncated: z.boolean().describe('More was seen than is kept.'),
  rtp_summary: z.record(z.string(), z.unknown()).nullable(),
  srtp_keys: z
    .array(
      z.strictObject({
        at: timeSchema,
        keying: z.enum(['sdes', 'dtls']),
        profile: z.string().describe('The crypto suite, by its IANA name.'),
        local: masterKeyView,
        remote: masterKeyView,
      }),
    )
    .optional()
    .describe('SRTP master keys from the time they came into use, `local` being what the edge sends under; for agents with "trace": true.'),
})

export const infoViewSchema = z.strictObject({
  version: z.string(),
  sip: z.array(z.strictObject({ transport: z.enum(['udp', 'tcp', 'tls']), address: z.string(), port: z.number() })),
  faults: z.array(z.string()).describe('Faults planted on purpose; empty in an honest edge.'),
  draining: z.boolean(),
  pacer: z.strictObject({ lateness_p99_ms: z.number().nullable() }),
})

export type CallView = z.output<typeof callViewSchema>
export type RegistrationView = z.output<typeof registrationViewSchema>
export type TraceView = z.output<typeof traceViewSchema>
export type InfoView = z.output<typeof infoViewSchema>

export function trunkView(trunk: Trunk, numbers: Iterable<string>): z.output<typeof trunkViewSchema> {
  const { auth, outbound_credentials: outbound, ...rest } = trunk
  return {
    ...rest,
    auth: auth.type === 'digest' ? { type: 'digest', username: auth.username, algorithms: auth.algorithms } : auth,
    ...(outbound && { outbound_credentials: { username: outbound.username } }),
    numbers: [...numbers],
  }
}

export function numberView(number: NumberRecord): z.output<typeof numberViewSchema> {
  const { credentials, ...rest } = number
  return { ...rest, ...(credentials && { credentials: { username: credentials.username } }) }
}

/** camelCase keys of plain data, at any depth, as the API spells them. */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/(?<=[a-z0-9])[A-Z]+/g, (capitals) => `_${capitals.toLowerCase()}`),
      snakeCase(inner),
    ]),
  )
}
