import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonSchema, publishedSchemas, schemaFile } from './json-schema.ts'

test.each(publishedSchemas)('%s.schema.json is current (else run: node reports/schema/json-schema.ts)', (name) => {
  expect(readFileSync(schemaFile(name), 'utf8')).toBe(jsonSchema(name))
})
