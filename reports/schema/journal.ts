/**
 * `journal.ndjson`: the events of a run in the order they happened, one JSON object a
 * line, never rewritten. Everything else in a run folder except evidence can be
 * rendered again from it.
 */
import { z } from 'zod'
import {
  axesSchema,
  cellResultSchema,
  checkSchema,
  clauseInfoSchema,
  fidelitySchema,
  platformInfoSchema,
  runFactsSchema,
  schemaVersion,
} from './results.ts'

/**
 * One planned (cell, scenario): the cell itself, or a check of it under a further scenario.
 * `skip` is set where the plan already knows that it will not be tried.
 */
export const plannedCellSchema = z.object({
  cell: z.string(),
  platform: z.string(),
  axes: axesSchema,
  claimed: z.boolean(),
  clauses: z.array(z.string()),
  scenario: z.string(),
  check: checkSchema,
  fidelity: fidelitySchema,
  skip: z.string().optional(),
})
export type PlannedCell = z.infer<typeof plannedCellSchema>

export const planSchema = z.object({
  cells: z.array(plannedCellSchema),
  clauses: z.array(clauseInfoSchema),
  platforms: z.array(platformInfoSchema),
})
export type RunPlan = z.infer<typeof planSchema>

const line = { schema_version: z.literal(schemaVersion), at: z.iso.datetime({ offset: true }) }

const runStartedSchema = z.object({ ...line, event: z.literal('run.started'), run: runFactsSchema, plan: planSchema })
const cellStartedSchema = z.object({
  ...line,
  event: z.literal('cell.started'),
  cell: z.string(),
  scenario: z.string(),
  attempt: z.int().positive(),
})
const cellFinishedSchema = z.object({
  ...line,
  event: z.literal('cell.finished'),
  attempt: z.int().positive(),
  result: cellResultSchema,
})
const cellSkippedSchema = z.object({
  ...line,
  event: z.literal('cell.skipped'),
  cell: z.string(),
  scenario: z.string(),
  reason: z.string(),
})
const runFinishedSchema = z.object({
  ...line,
  event: z.literal('run.finished'),
  finished: z.iso.datetime({ offset: true }),
  interrupted: z.boolean().optional(),
})

export const journalEventSchema = z.discriminatedUnion('event', [
  runStartedSchema,
  cellStartedSchema,
  cellFinishedSchema,
  cellSkippedSchema,
  runFinishedSchema,
])
export type JournalEvent = z.infer<typeof journalEventSchema>

type WithoutEnvelope<T> = T extends unknown ? Omit<T, 'schema_version' | 'at'> : never
/** An event as a writer is handed it: the journal adds `schema_version` and `at`. */
export type NewJournalEvent = WithoutEnvelope<JournalEvent>
