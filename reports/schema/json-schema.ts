/**
 * The published JSON Schemas beside this file, generated from the zod definitions.
 * Run it to write them again: `node reports/schema/json-schema.ts`.
 */
import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { ladderSchema } from './evidence.ts'
import { journalEventSchema } from './journal.ts'
import { resultsSchema } from './results.ts'

const published = {
  results: { schema: resultsSchema, title: 'Trunkproof results.json' },
  journal: { schema: journalEventSchema, title: 'One line of a Trunkproof journal.ndjson' },
  evidence: { schema: ladderSchema, title: 'Trunkproof ladder.json' },
} as const

export type PublishedSchema = keyof typeof published
export const publishedSchemas = Object.keys(published) as PublishedSchema[]

export function schemaFile(name: PublishedSchema): URL {
  return new URL(`${name}.schema.json`, import.meta.url)
}

/** The text of one schema file. */
export function jsonSchema(name: PublishedSchema): string {
  const { schema, title } = published[name]
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    // Readers must accept what a later version adds, so objects stay open.
    io: 'input',
    // The format says it; zod's expression for it fills a screen.
    override: ({ jsonSchema: node }) => {
      if (node.format === 'date-time') delete node.pattern
    },
  })
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`
}

if (import.meta.main) for (const name of publishedSchemas) writeFileSync(schemaFile(name), jsonSchema(name))
