/** The runners of tests, checks and benchmarks themselves: what they print last, and how they end. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runSteps } from './steps.ts'

/** Without what this very test run says of itself. */
const outside = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$|CI$|CHROMIUM_PATH$)/.test(name)),
)

function run(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const file = join(import.meta.dirname, '..', script)
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: 'utf8', env: { ...outside, ...env } })
  expect(stderr).not.toMatch(/^\s+at /m)
  return { status, stdout, stderr, last: stdout.trimEnd().split('\n').at(-1) }
}

describe('npm test', () => {
  const noChromium = { CHROMIUM_PATH: '/nowhere/chromium' }

  test('ends with the sum of all kinds that were selected', () => {
    expect(run('test/run.ts', ['test/tally.test.ts', 'test/needs.test.ts'])).toMatchObject({
      status: 0,
      last: '7 passed, 0 failed, 0 skipped',
    })
  })

  test('says what this machine cannot run, why, and how to enable it', () => {
    const { status, stdout, last } = run('test/run.ts', ['html.browser'], noChromium)
    expect(stdout).toMatch(/the browser tests: Chromium: CHROMIUM_PATH=\/nowhere\/chromium is not there\. To enable: /)
    expect(last).toMatch(/^0 passed, 0 failed, [1-9]\d* skipped$/)
    expect(status).toBe(0)
  })

  test('in CI, leaving something out is an error', () => {
    const { status, stdout, last } = run('test/run.ts', ['html.browser'], { ...noChromium, CI: 'true' })
    expect(stdout).toContain('ERROR: in CI nothing may be left out')
    expect(last).toMatch(/^0 passed, 1 failed, [1-9]\d* skipped$/)
    expect(status).toBe(1)
  })

  test('a selection that matches nothing is wrong usage, not a success', () => {
    expect(run('test/run.ts', ['no-such-file'])).toMatchObject({ status: 4, last: 'no test file matches: no-such-file' })
  })
})

describe('npm run check', () => {
  test('prints a line for each step, and what failing ones said', async () => {
    const lines: string[] = []
    const steps = [
      { name: 'good', args: ['-e', 'console.log("quiet")'] },
      { name: 'bad one', args: ['-e', 'console.error("the reason"); process.exit(2)'] },
    ]
    expect(await runSteps(steps, (text) => lines.push(text))).toEqual(['bad one'])
    expect(lines.slice(0, 2).sort()).toEqual([
      expect.stringMatching(/^FAIL {2}bad one +\d+\.\d s$/),
      expect.stringMatching(/^ok {4}good +\d+\.\d s$/),
    ])
    expect(lines.slice(2)).toEqual(['\n--- bad one\nthe reason'])
  })
})

describe('npm run bench', () => {
  test('a name there is not is wrong usage, and the names there are are told', () => {
    const { status, stderr } = run('benchmarks/run.ts', ['no-such-benchmark'])
    expect(stderr).toMatch(/^there is no benchmark "no-such-benchmark"\nBenchmarks: .*\blaunch\b/)
    expect(status).toBe(4)
  })

  test('figures as JSON, and nothing else on stdout', () => {
    const { status, stdout } = run('benchmarks/run.ts', ['--json', 'launch'])
    expect(JSON.parse(stdout)).toMatchObject({
      benchmarks: [{ benchmark: 'launch', rows: [{ what: 'launcher, warm', unit: 'ms', value: expect.any(Number) }] }],
    })
    expect(status).toBe(0)
  })
})
