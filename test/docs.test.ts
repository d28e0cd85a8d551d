/** Holds the pages at the top against the code: what they name exists, and what people can type is on them. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { buildProgram } from '../harness/cli/program.ts'
import { exitCodes } from '../harness/exit-codes.ts'
import { expand, obstacle } from '../matrix/expand.ts'
import { loadMatrix } from '../matrix/load.ts'

const root = join(import.meta.dirname, '..')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
const readme = read('README.md')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
const program = buildProgram('0', () => {})
const commandOf = (name: string): Command => program.commands.find((command) => command.name() === name)!

/** Rows of the table whose heading row begins with these words, cell by cell. */
function tableOf(page: string, heading: string): string[][] {
  const block = page.split('\n\n').find((part) => part.startsWith(`| ${heading} |`)) ?? ''
  return block
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').slice(1, -1))
    .map((row) => row.map((cell) => cell.trim()))
}

const codeSpans = (page: string): string[] => [...page.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map((found) => found[1]!)

describe('README.md', () => {
  test('lists every exit code with its meaning', () => {
    expect(tableOf(readme, 'exit code')).toEqual(Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]))
  })

  test('lists every option of a run, and no other', () => {
    const listed = tableOf(readme, 'option').map(([option]) => option!.replaceAll('`', '').split(' ')[0])
    const known = commandOf('run')
      .options.filter(({ hidden }) => !hidden)
      .map(({ long }) => long)
    expect(listed.sort()).toEqual(known.sort())
  })

  test('counts the cells as the matrix does, and names its platforms', () => {
    const matrix = loadMatrix()
    const claimed = expand(matrix).filter((cell) => cell.claimed)
    const today = claimed.filter((cell) => obstacle(cell, matrix) === undefined)
    expect(readme).toContain(`The guide claims ${claimed.length} cells`)
    expect(readme).toContain(`the ${today.length} cells that can be tried today`)
    const platforms = tableOf(readme, 'option').find(([option]) => option?.startsWith('`--platform'))![1]!
    expect(codeSpans(platforms).sort()).toEqual([...new Set(claimed.map(({ platform }) => platform))].sort())
  })

  test('shows commands that the command line takes', async () => {
    const shown = [...readme.matchAll(/^npm run (matrix|trunkproof)(?: -- ([^#\n]*))?/gm)]
    expect(shown.length).toBeGreaterThan(5)
    for (const [, script, given] of shown) {
      const words = (given ?? '').trim().split(/\s+/).filter(Boolean)
      const [name, ...args] = script === 'matrix' ? ['run', ...words] : words
      const { unknown } = commandOf(name!).parseOptions(args)
      expect(unknown, `npm run ${script} -- ${given}`).toEqual([])
    }
  })
})

describe.each(pages)('%s', (name) => {
  const page = read(name)

  test('names npm scripts that exist', () => {
    for (const [, script] of page.matchAll(/\bnpm run ([\w:-]+)/g)) expect(Object.keys(scripts)).toContain(script)
  })

  test('links to files that exist', () => {
    const links = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map((found) => found[1]!).filter((link) => !link.includes('://'))
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([])
  })
})

test('ARCHITECTURE.md and CONTRIBUTING.md name files, folders and code that exist', () => {
  const files = globSync('**/*.{ts,yaml,md}', { cwd: root, exclude: ['**/node_modules/**', 'runs/**'] })
  const folders = new Set(files.flatMap((file) => file.split('/').slice(0, -1)))
  const source = files
    .filter((file) => file.endsWith('.ts'))
    .map(read)
    .join('\n')
  const missing = [...codeSpans(read('ARCHITECTURE.md')), ...codeSpans(read('CONTRIBUTING.md'))].filter((span) => {
    if (/^[\w/-]+\/$/.test(span))
      return !span
        .split('/')
        .slice(0, -1)
        .every((folder) => folders.has(folder))
    if (/^[\w./-]+\.(ts|yaml)$/.test(span)) return !/^x\./.test(span) && !files.some((file) => file === span || file.endsWith(`/${span}`))
    if (/^[A-Za-z]+$/.test(span)) return !new RegExp(`\\b${span}\\b`).test(source)
    return false
  })
  expect(missing).toEqual([])
})
