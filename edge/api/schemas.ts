/**
 * The API's words: what a trunk, a number, an agent and a call are made of. One zod
 * schema each; validation, TypeScript types, the store's rows and OpenAPI follow from it.
 */

import { z } from 'zod'
import { parseUri } from '../../protocol/sip/uri.ts'
import {
  addressesSchema,
  authSchema,
  clientCertificateSchema,
  codecsSchema,
  credentialsSchema,
  defaultCodecs,
  defaultMediaPolicy,
  dtmfSchema,
  e164Schema,
  idSchema,
  knownKinds,
  mediaPolicySchema,
  outboundProxySchema,
  registrationSchema,
  sipDomainSchema,
  timeSchema,
} from './fields.ts'

const limits = { numbersPerBulk: 5000, trunksPerBulk: 5000, digits: 64, headers: 16 } as const

/** Longest delay an agent may be told to keep, a day. */
const maxDelayMs = 86_400_000

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
  media: mediaPolicySchema.default(defaultMediaPolicy),
  client_certificate: clientCertificateSchema.default('optional'),
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
    trace: z.boolean().default(false).describe('Keep the SIP messages of each call, and the keys its audio is encrypted with.'),
  })
  .describe('What happens on a call of this number.')

const numberFields = z.strictObject({
  number: e164Schema,
  sip_domain: sipDomainSchema.optional().describe('The SIP domain; may be left out when `trunk` names one that has it.'),
  credentials: credentialsSchema
    .optional()
    .describe('SIP authentication credentials, used both ways; beside `trunk`, to answer challenges to calls of this number.'),
  outbound_proxy: outboundProxySchema.optional(),
  trunk: idSchema.optional().describe('An existing trunk. Without it the number gets one of its own, made from the fields here.'),
  allowed_addresses: addressesSchema.optional().describe('Without credentials: the addresses calls may come from.'),
  registration: registrationSchema.optional(),
  dtmf: dtmfSchema.optional(),
  codecs: codecsSchema.optional(),
  media: mediaPolicySchema.optional(),
  agent: agentSchema.optional(),
})

/** Fields that shape an own trunk and mean nothing beside `trunk`. */
const ownTrunkFields = ['allowed_addresses', 'registration', 'dtmf', 'codecs', 'media'] as const

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
