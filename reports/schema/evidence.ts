/**
 * `evidence/<cell-id>/ladder.json`: what crossed the wire in one attempt, as a
 * sequence diagram can draw it. Message texts are already redacted.
 */
import { z } from 'zod'
import { schemaVersion } from './results.ts'

export const partySchema = z.object({
  id: z.string(),
  label: z.string(),
  address: z.string().optional(),
})
export type Party = z.infer<typeof partySchema>

const arrow = {
  t_ms: z.number().describe('Offset from the first event'),
  from: z.string().describe('Party id'),
  to: z.string(),
}

export const ladderMessageSchema = z.object({
  kind: z.literal('message'),
  ...arrow,
  number: z.int().positive().describe('Counted from 1 over the SIP messages of this ladder'),
  label: z.string().describe('INVITE, 200 OK, …'),
  note: z.string().optional().describe('What else the arrow should say: CSeq method, body type'),
  transport: z.string(),
  source: z.string(),
  destination: z.string(),
  call: z.int().nonnegative().optional().describe('Which Call-ID of this ladder, counted from 0'),
  retransmission: z.boolean().optional(),
  malformed: z.boolean().optional(),
  text: z.string().describe('The whole message, redacted; bytes outside UTF-8 replaced'),
})
export type LadderMessage = z.infer<typeof ladderMessageSchema>

/** A stretch of media in one direction. */
export const ladderMediaSchema = z.object({
  kind: z.literal('media'),
  ...arrow,
  until_ms: z.number(),
  label: z.string(),
  packets: z.int().optional(),
  encrypted: z.boolean().optional(),
})
export type LadderMedia = z.infer<typeof ladderMediaSchema>

export const ladderDtmfSchema = z.object({
  kind: z.literal('dtmf'),
  ...arrow,
  digit: z.string(),
  method: z.string(),
  duration_ms: z.number().optional(),
})
export type LadderDtmf = z.infer<typeof ladderDtmfSchema>

/** Something worth a line of its own that is no message: a step, a timeout, a fault set. */
const ladderNoteSchema = z.object({ kind: z.literal('note'), t_ms: z.number(), text: z.string() })

export const ladderEventSchema = z.discriminatedUnion('kind', [ladderMessageSchema, ladderMediaSchema, ladderDtmfSchema, ladderNoteSchema])
export type LadderEvent = z.infer<typeof ladderEventSchema>

export const ladderSchema = z.object({
  schema_version: z.literal(schemaVersion),
  started: z.iso.datetime({ offset: true }),
  parties: z.array(partySchema),
  events: z.array(ladderEventSchema).describe('In order of time'),
})
export type Ladder = z.infer<typeof ladderSchema>
