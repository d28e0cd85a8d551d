/** What a scenario can do, step by step. The runner says how; a step names no SIP message unless it is `raw`. */
import { z } from 'zod'
import { mediaPolicies } from '../matrix/media-policy.ts'
import { tlsCaseIds } from './tls-cases.ts'

const side = z.enum(['edge', 'peer'])
const milliseconds = z.int().nonnegative().max(3_600_000)
const status = z.int().min(100).max(699)

const common = {
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .optional()
    .describe('Name of the step in reports; without it, its number and its verb'),
  together: z.boolean().optional().describe('Runs at the same time as the step before it'),
}

/** Every step by its verb, the one key that says what it does. */
export const stepSchemas = {
  call: z.strictObject({
    ...common,
    call: z
      .strictObject({
        as: z.enum(['trunk', 'stranger']).default('trunk').describe('stranger: from an address that no trunk lists'),
        srtp: z.enum(['optional', 'required']).default('optional').describe('required: the trunk of this call never agrees to plain RTP'),
        to: z.enum(['known', 'unknown']).default('known').describe('unknown: a number nobody imported'),
        peer: z.enum(mediaPolicies).optional().describe('What the peer offers and agrees to of encrypted audio, whatever the cell says'),
      })
      .describe('Sets a call up; the direction axis says who calls whom'),
  }),
  hear: z.strictObject({
    ...common,
    hear: z
      .strictObject({
        who: z.enum(['both', 'edge', 'peer']).default('both').describe('Who must hear the other side'),
        within_ms: milliseconds.default(3000),
      })
      .describe('Waits until the tone pair of this call is heard'),
  }),
  digits: z.strictObject({
    ...common,
    digits: z
      .strictObject({
        from: side.describe('Who sends'),
        send: z.string().regex(/^[0-9A-D*#]+$/, 'digits are 0-9, A-D, * and #'),
        duration_ms: milliseconds.min(40, 'a digit shorter than 40 ms need not be heard').optional(),
        gap_ms: milliseconds.optional(),
      })
      .describe('Sends digits by the method of the cell, and waits until the other side has them'),
  }),
  hangup: z.strictObject({
    ...common,
    hangup: z
      .strictObject({
        by: z
          .enum(['edge', 'peer', 'caller', 'callee', 'alternate'])
          .default('alternate')
          .describe('alternate: one side in half of the cells, the other side in the other half'),
      })
      .describe('Ends the call'),
  }),
  register: z.strictObject({
    ...common,
    register: z.strictObject({ password: z.enum(['right', 'wrong']).default('right') }).describe('The peer registers at the edge'),
  }),
  options: z.strictObject({
    ...common,
    options: z.strictObject({ from: side.default('peer') }).describe('Pings the other side with OPTIONS'),
  }),
  wait_ms: z.strictObject({ ...common, wait_ms: milliseconds.describe('Waits; for what nothing can be awaited, such as silence') }),
  tls: z.strictObject({
    ...common,
    tls: z
      .strictObject({ case: z.enum(tlsCaseIds).describe('server-…: the edge is the TLS server; client-…: it is the client') })
      .describe('Plays one case of TLS against the edge, on connections and calls of its own'),
  }),
  osrtp: z.strictObject({
    ...common,
    osrtp: z
      .strictObject({
        offerer: side.describe('Who calls'),
        edge: z.enum(mediaPolicies).describe('What the trunk is told of encrypted audio'),
        peer: z.enum(mediaPolicies).describe('What the peer offers and agrees to'),
      })
      .describe('Plays one call between two policies on encrypted audio, on a number of its own'),
  }),
  raw: z.strictObject({
    ...common,
    raw: z
      .strictObject({
        from: z.literal('peer').default('peer'),
        text: z.string().min(1).optional().describe('Sent as UTF-8, each line end as CRLF'),
        bytes: z
          .string()
          .regex(/^([0-9a-fA-F]{2}\s*)+$/, 'pairs of hexadecimal digits')
          .optional()
          .describe('Sent as they are'),
      })
      .refine((raw) => (raw.text === undefined) !== (raw.bytes === undefined), 'raw takes either text or bytes')
      .describe('Sends bytes to the edge as they stand, over the transport of the cell'),
  }),
  expect_status: z.strictObject({
    ...common,
    expect_status: z
      .union([status, z.array(status).min(1)])
      .transform((value) => (typeof value === 'number' ? [value] : value))
      .describe('The final status of the last request must be this one, or one of these'),
  }),
} as const

export type Verb = keyof typeof stepSchemas
export const verbs = Object.keys(stepSchemas) as Verb[]

/** A step as the runner is handed it: defaults filled in, and an id that is unique in its scenario. */
export type Step = { [V in Verb]: z.infer<(typeof stepSchemas)[V]> & { readonly id: string } }[Verb]

/** Any one step, for the published schema. */
export const stepSchema = z.union(Object.values(stepSchemas))
