import { describe, expect, test } from 'vitest'
import { expand } from '../matrix/expand.ts'
import { loadMatrix } from '../matrix/load.ts'
import { formatProblem } from '../matrix/yaml-file.ts'
import { loadScenarios, parseScenario, scenarioFiles } from './load.ts'

const matrix = loadMatrix()
const context = { matrix, cells: expand(matrix) }

const right = `id: ring
title: A ring
clauses: [transport.udp]
applies: { transport: [udp] }
runs: covering
steps:
  - call: {}
  - hangup: { by: caller }
expectations: [call.established]
`

/** Problems of the right scenario with one part replaced. */
function complaints(from: string, to: string): string[] {
  expect(right).toContain(from)
  const parsed = parseScenario(right.replace(from, to), 'ring.yaml', context)
  return parsed.ok ? [] : parsed.problems.map(formatProblem)
}

test('the project’s own scenarios are valid, the proof call first', () => {
  const { scenarios, problems } = loadScenarios(scenarioFiles(), context)
  expect(problems.map(formatProblem)).toEqual([])
  expect(scenarios.map(({ id }) => id)).toEqual([
    'proof-call',
    'stranger',
    'wrong-password',
    'keys-in-clear',
    'osrtp-grid-asterisk',
    'osrtp-grid',
    'plain-refused',
    'srtp-in-clear',
    'tls-client',
    'tls-server',
  ])
})

test('what was left out is filled in', () => {
  const parsed = parseScenario(right, 'ring.yaml', context)
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      id: 'ring',
      deadline_ms: 15_000,
      file: 'ring.yaml',
      steps: [
        { id: '1-call', call: { as: 'trunk', to: 'known' } },
        { id: '2-hangup', hangup: { by: 'caller' } },
      ],
    },
  })
})

test('a parent stands for every clause under it', () => {
  const parsed = parseScenario(right.replace('[transport.udp]', '[matrix.avaya, transport]'), 'ring.yaml', context)
  expect(parsed.ok && parsed.value.clauses).toEqual([
    'transport.udp',
    'transport.tcp',
    ...['transport', 'dtmf', 'registration', 'nat', 'codecs'].map((column) => `matrix.avaya.${column}`),
  ])
})

test('one status or several become a list', () => {
  const parsed = parseScenario(right.replace('- hangup: { by: caller }', '- expect_status: 486'), 'ring.yaml', context)
  expect(parsed.ok && parsed.value.steps[1]).toMatchObject({ expect_status: [486] })
})

describe('a mistake is named with its place and what was probably meant', () => {
  test.each([
    [
      'runs:',
      'rnus:',
      [
        'ring.yaml:1:1: the key "runs" is missing (one of every-cell, covering, once-per-platform)',
        'ring.yaml:5:1: unknown key "rnus" (did you mean "runs"?)',
      ],
    ],
    ['transport: [udp]', 'trasnport: [udp]', ['ring.yaml:4:12: unknown key "trasnport" (did you mean "transport"?)']],
    ['transport: [udp]', 'transport: [upd]', ['ring.yaml:4:24: unknown value "upd" for applies.transport[1] (did you mean "udp"?)']],
    ['transport: [udp]', 'platform: [avya]', ['ring.yaml:4:23: unknown platform "avya" (did you mean "avaya"?)']],
    [
      'transport: [udp]',
      'transport: [udp], media: [sdes]',
      ['ring.yaml:4:1: no claimed cell is selected (no platform claims this combination, or a rule of axes.yaml forbids it)'],
    ],
    [
      'transport: [udp]',
      'platform: [avaya], registration: [register]',
      ['ring.yaml:4:1: no claimed cell is selected (no platform claims this combination, or a rule of axes.yaml forbids it)'],
    ],
    ['transport: [udp]', 'transport: udp', ['ring.yaml:4:23: applies.transport must be a list, not the text "udp"']],
    ['transport: [udp]', 'transport: []', ['ring.yaml:4:23: applies.transport: name at least one value']],
    ['[transport.udp]', '[trnasport]', ['ring.yaml:3:11: unknown clause "trnasport" (did you mean "transport"?)']],
    [
      '[call.established]',
      '[call.establish]',
      ['ring.yaml:9:16: unknown value "call.establish" for expectations[1] (did you mean "call.established"?)'],
    ],
    ['[call.established]', '[call.ended, call.ended]', ['ring.yaml:9:28: the expectation "call.ended" is listed twice']],
    ['title: A ring', 'title: [', expect.arrayContaining([expect.stringMatching(/^ring\.yaml:\d+:\d+: /)])],
    ['hangup:', 'hangpu:', ['ring.yaml:8:5: unknown step "hangpu" (did you mean "hangup"?)']],
    ['by: caller', 'by: callr', ['ring.yaml:8:19: unknown value "callr" for hangup.by (did you mean "caller"?)']],
    ['by: caller', 'from: caller', ['ring.yaml:8:15: unknown key "from" (known: by)']],
    [
      '- call: {}',
      '- call',
      ['ring.yaml:7:5: a step is a mapping (write "call: {}")', 'ring.yaml:8:5: hangup has nothing to work on (put call before it)'],
    ],
    [
      '- call: {}',
      '- { call: {}, hear: {} }',
      [
        'ring.yaml:7:17: one step does one thing, not call and hear (make them two steps)',
        'ring.yaml:8:5: hangup has nothing to work on (put call before it)',
      ],
    ],
    ['- call: {}', '- { call: {}, together: true }', ['ring.yaml:7:17: the first step has no step before it to run together with']],
    ['- call: {}', '- { id: a, call: {} }\n  - { id: a, hear: {} }', ['ring.yaml:8:11: the step id "a" is used twice']],
    [
      '- call: {}',
      '- id: a',
      [
        'ring.yaml:7:5: the step does nothing (known: call, hear, digits, hangup, register, options, wait_ms, tls, osrtp, raw, expect_status)',
        'ring.yaml:8:5: hangup has nothing to work on (put call before it)',
      ],
    ],
    ['- call: {}', '- call: {}\n  - digits: { from: peer, send: 12x }', ['ring.yaml:8:33: digits.send: digits are 0-9, A-D, * and #']],
    ['- call: {}', '- call: {}\n  - raw: { text: a, bytes: "00" }', ['ring.yaml:8:10: raw takes either text or bytes']],
    ['- call: {}', '- call: {}\n  - wait_ms: soon', ['ring.yaml:8:14: wait_ms must be a number, not the text "soon"']],
    [
      '- call: {}',
      '- expect_status: 403',
      [
        'ring.yaml:7:5: expect_status has nothing to work on (put call, register, options or raw before it)',
        'ring.yaml:8:5: hangup has nothing to work on (put call before it)',
      ],
    ],
  ])('%s → %s', (from, to, wanted) => {
    expect(complaints(from, to)).toEqual(wanted)
  })
})

test('files that cannot be read and ids used twice are problems, and the others are read', () => {
  const [proofCall] = scenarioFiles()
  const { scenarios, problems } = loadScenarios([proofCall!, '/nowhere/x.yaml', proofCall!], context)
  expect(scenarios).toHaveLength(1)
  expect(problems.map(({ message }) => message)).toEqual(['cannot be read', 'the scenario id "proof-call" is taken'])
})
