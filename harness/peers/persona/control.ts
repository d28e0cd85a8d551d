/**
 * What the harness and a persona process say to each other: JSON over HTTP on a private
 * address, with bytes as base64. Both ends of each message are here, so they cannot drift apart.
 */
import { z } from 'zod'
import { axisValues } from '../../../matrix/axes.ts'
import { mediaPolicies } from '../../../matrix/media-policy.ts'
import type { MasterKey, ProtectionProfile } from '../../../protocol/sdp/types.ts'
import type { PathWire, RtpWire, SipWire } from '../../../protocol/wire.ts'
import type { PeerEvidence } from '../peer.ts'

const pairSchema = z.tuple([z.number(), z.number()])
const transportSchema = z.enum(['udp', 'tcp', 'tls'])

const axesSchema = z.object({
  direction: z.enum(axisValues.direction),
  transport: z.enum(axisValues.transport),
  media: z.enum(axisValues.media),
  registration: z.enum(axisValues.registration),
  dtmf: z.enum(axisValues.dtmf),
  codec: z.enum(axisValues.codec),
  nat: z.enum(axisValues.nat),
})

export const openRequestSchema = z.object({
  cell: z.object({ id: z.string(), platform: z.string(), axes: axesSchema, claimed: z.boolean(), clauses: z.array(z.string()) }),
  identity: z.object({
    cellId: z.string(),
    number: z.string(),
    edge: z.object({ host: z.string(), port: z.number(), transport: transportSchema }),
    username: z.string(),
    password: z.string(),
    edgeTone: pairSchema,
    peerTone: pairSchema,
    sendDigits: z.string(),
    edgeDigits: z.string(),
    mediaPolicy: z.enum(mediaPolicies).exactOptional(),
  }),
})

/** What a session can be told to do, one HTTP request each. */
export const commandSchema = z.discriminatedUnion('command', [
  z.object({ command: z.literal('register'), password: z.string().optional() }),
  z.object({ command: z.literal('call'), number: z.string().optional() }),
  z.object({ command: z.literal('wait-for-call') }),
  z.object({ command: z.literal('heard'), within_ms: z.number() }),
  z.object({ command: z.literal('understood'), digits: z.number(), within_ms: z.number() }),
  z.object({ command: z.literal('digits'), digits: z.string() }),
  z.object({ command: z.literal('hangup') }),
  z.object({ command: z.literal('ping') }),
  z.object({ command: z.literal('raw'), base64: z.string() }),
  z.object({ command: z.literal('wait-for-end'), within_ms: z.number() }),
  z.object({ command: z.literal('evidence') }),
])
export type Command = z.infer<typeof commandSchema>

export const openedSchema = z.object({ id: z.string(), contact_uri: z.string() })
export const registeredSchema = z.object({ status: z.number(), registered: z.boolean() })
export const statusSchema = z.object({ status: z.number() })
export const answerSchema = z.object({ answer: z.boolean() })
export const personaInfoSchema = z.object({ version: z.string(), lateness_ms: z.number() })
/** A command that came to nothing. `status` is set when it was a call that was refused. */
export const refusalSchema = z.object({ error: z.string(), status: z.number().optional() })

const addressSchema = z.object({ address: z.string(), port: z.number() })
const base64Schema = z.string().transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
const suites = [
  'AEAD_AES_256_GCM',
  'AEAD_AES_128_GCM',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
] as const satisfies readonly ProtectionProfile[]
const masterKeySchema = z.object({ key: base64Schema, salt: base64Schema })
const wireFields = { at: z.number(), dir: z.enum(['in', 'out']), local: addressSchema, remote: addressSchema, bytes: base64Schema }

export const evidenceSchema = z.object({
  sip: z.array(
    z.object({
      ...wireFields,
      transport: transportSchema,
      tls: z
        .object({
          version: z.string(),
          cipher: z.string(),
          authorized: z.boolean(),
          verifyError: z.string().exactOptional(),
          peerNames: z.array(z.string()),
          servername: z.string().exactOptional(),
        })
        .exactOptional(),
    }),
  ),
  rtp: z.array(z.object({ ...wireFields, kind: z.enum(['rtp', 'rtcp']) })),
  path: z.array(z.object(wireFields)).exactOptional(),
  tlsKeys: z.array(z.string()).exactOptional(),
  srtpKeys: z
    .array(
      z.object({
        at: z.number(),
        keying: z.enum(['sdes', 'dtls']),
        profile: z.enum(suites),
        local: masterKeySchema,
        remote: masterKeySchema,
      }),
    )
    .exactOptional(),
  digits: z.array(
    z.object({
      digit: z.string(),
      method: z.enum(['rfc4733', 'info']).exactOptional(),
      durationMs: z.number().exactOptional(),
      at: z.number(),
    }),
  ),
  tones: z.array(
    z.object({
      // JSON has no -Infinity: digital silence travels as null.
      pair: pairSchema.nullish().transform((pair) => pair ?? undefined),
      levelDbm0: z
        .number()
        .nullable()
        .transform((level) => level ?? Number.NEGATIVE_INFINITY),
      purity: z.number(),
      at: z.number(),
    }),
  ),
  media: z
    .object({
      local: addressSchema.exactOptional(),
      remote: addressSchema.exactOptional(),
      packetsIn: z.number(),
      packetsOut: z.number(),
      payloadTypesIn: z.record(z.string(), z.number()),
      payloadTypesOut: z.record(z.string(), z.number()),
      departures: z.array(z.string()).exactOptional(),
    })
    .exactOptional(),
  log: z.array(z.string()),
})

/** Evidence as it travels; `evidenceSchema` reads it back. */
export function writeEvidence(evidence: PeerEvidence): unknown {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const wire = <W extends SipWire | RtpWire | PathWire>({ bytes, ...rest }: W): unknown => ({ ...rest, bytes: base64(bytes) })
  const master = ({ key, salt }: MasterKey): unknown => ({ key: base64(key), salt: base64(salt) })
  const { sip, rtp, path, srtpKeys } = evidence
  return {
    ...evidence,
    sip: sip.map(wire),
    rtp: rtp.map(wire),
    ...(path === undefined ? {} : { path: path.map(wire) }),
    ...(srtpKeys === undefined
      ? {}
      : { srtpKeys: srtpKeys.map((keys) => ({ ...keys, local: master(keys.local), remote: master(keys.remote) })) }),
  }
}
