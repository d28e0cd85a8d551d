import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apiFixture } from './api/api-fixture.ts'
import { agentSchema } from './api/schemas.ts'
import { eventTypes } from './events.ts'
import { exitCodes } from './failure.ts'
import { optionTable } from './options.ts'
import { problemCatalogue } from './problem.ts'

const text = readFileSync(new URL('../docs/edge-api.md', import.meta.url), 'utf8')

/** The first cells of the table under a heading, as written between backticks. */
function firstCells(heading: string): string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  const rows = (section ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''))
}

test('every route of the OpenAPI document is documented, and no other', async () => {
  await using api = await apiFixture()
  const { body } = await api.ask('GET', '/openapi.json')
  const { paths } = body as { paths: Record<string, Record<string, unknown>> }
  const routes = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
  expect(routes.length).toBeGreaterThan(15)
  expect(firstCells('Routes').toSorted()).toEqual(routes.toSorted())
})

test('every route says what it does and, if it takes a body, what that is made of', async () => {
  await using api = await apiFixture()
  const { body } = await api.ask('GET', '/openapi.json')
  const { paths, openapi } = body as { openapi: string; paths: Record<string, Record<string, { summary?: string; requestBody?: unknown }>> }
  expect(openapi).toBe('3.1.0')
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      expect(operation.summary, `${method} ${path}`).toBeTruthy()
      if (method === 'post' || method === 'patch') expect(operation.requestBody, `${method} ${path}`).toBeDefined()
    }
  }
})

test('every option is documented, and no other', () => {
  const options = firstCells('Options').map((cell) => cell.split(' ')[0])
  const also = ['--token']
  expect([...options, ...also].toSorted()).toEqual(
    Object.keys(optionTable)
      .map((name) => `--${name}`)
      .toSorted(),
  )
  for (const name of also) expect(text).toContain(`\`${name} `)
})

test('every event, problem, exit code and agent field is documented, and no other', () => {
  expect(firstCells('Events').toSorted()).toEqual([...eventTypes].toSorted())
  expect(firstCells('Problems').toSorted()).toEqual(Object.keys(problemCatalogue).toSorted())
  for (const [kind, { status }] of Object.entries(problemCatalogue)) expect(text).toContain(`| \`${kind}\` | ${status} |`)
  for (const [cause, code] of Object.entries(exitCodes)) expect(text).toContain(cause === 'ok' ? '| 0 |' : `| ${code} | \`${cause}\``)
  expect(firstCells('The agent').toSorted()).toEqual(
    Object.keys(agentSchema.shape)
      .filter((field) => field !== 'status')
      .toSorted(),
  )
  expect(text).toContain('`status`')
})
