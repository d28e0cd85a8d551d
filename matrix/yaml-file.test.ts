import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { formatProblem, parseYaml } from './yaml-file.ts'
import { checkShape } from './yaml-shape.ts'

const schema = z.strictObject({
  name: z.string(),
  side: z.enum(['edge', 'peer']).optional(),
  parts: z.array(z.strictObject({ size: z.int(), loud: z.boolean().optional() })).optional(),
  either: z.union([z.number(), z.array(z.number())]).optional(),
})

function complaints(text: string): string[] {
  const yaml = parseYaml(text, 'f.yaml')
  const checked = yaml.ok ? checkShape(yaml.value, schema) : yaml
  return checked.ok ? [] : checked.problems.map(formatProblem)
}

describe('text that is no YAML', () => {
  test.each([
    ['a: [1', 'f.yaml:1:6: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['a: 1\na: 2\n', 'f.yaml:2:1: Map keys must be unique'],
    ['', 'f.yaml:1:1: the file is empty'],
    ['a: 1\n---\nb: 2\n', 'f.yaml:2:1: the file holds several documents, where one is wanted'],
    ['a: *b\n', 'f.yaml:1:4: Unresolved alias (the anchor must be set before the alias): b'],
  ])('%j', (text, complaint) => {
    expect(complaints(text)).toContain(complaint)
  })
})

describe('YAML of another shape', () => {
  test.each([
    ['- 1\n', 'f.yaml:1:1: the file must be a mapping, not a list'],
    ['side: edge\n', 'f.yaml:1:1: the key "name" is missing (a text)'],
    ['name: 12\n', 'f.yaml:1:7: name must be a text, not 12 (write "12")'],
    ['name: x\nsdie: edge\n', 'f.yaml:2:1: unknown key "sdie" (did you mean "side"?)'],
    ['name: x\ncolour: red\n', 'f.yaml:2:1: unknown key "colour" (known: name, side, parts, either)'],
    ['name: x\nside: pere\n', 'f.yaml:2:7: unknown value "pere" for side (did you mean "peer"?)'],
    ['name: x\nparts:\n  - size: 1.5\n', 'f.yaml:3:11: parts[1].size must be a whole number, not 1.5'],
    ['name: x\nparts:\n  - { size: 1 }\n  - { size: 1, lod: true }\n', 'f.yaml:4:16: unknown key "lod" (did you mean "loud"?)'],
    ['name: x\nparts:\n  - { size: 1, loud: "on" }\n', 'f.yaml:3:22: parts[1].loud must be true or false, not the text "on"'],
    ['name: x\nparts:\n', 'f.yaml:2:7: parts must be a list, not nothing'],
    ['name: x\neither: much\n', 'f.yaml:2:9: either must be a number or a list, not the text "much"'],
  ])('%j', (text, complaint) => {
    expect(complaints(text)).toEqual([complaint])
  })
})
