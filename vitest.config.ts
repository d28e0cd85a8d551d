import { defineConfig } from 'vitest/config'

/** Test kinds by file name: what a file needs from the machine decides its suffix. */
const integration = ['**/*.integration.test.ts']
const docker = ['**/*.docker.test.ts']
const browser = ['**/*.browser.test.ts']
const never = ['**/node_modules/**', 'runs/**']

/**
 * Real processes and media clocks on a machine that others may share: in CI a test of these kinds that
 * failed is tried once more, and the log says so. Unit tests never are, and no one's own machine does.
 */
const retry = process.env.CI ? 1 : 0

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...never, ...integration, ...docker, ...browser],
          // Unit tests leave nothing behind, so that files can share a process: half the time, and a leak shows.
          isolate: false,
          // Only against a test that hangs: a busy machine is no failure.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: integration,
          exclude: never,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxConcurrency: 3,
          retry,
        },
      },
      { test: { name: 'browser', include: browser, exclude: never, testTimeout: 120_000, hookTimeout: 120_000, retry } },
      {
        test: {
          name: 'docker',
          include: docker,
          exclude: never,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          // Labs start and stop slowly, and leave the processors idle meanwhile.
          maxConcurrency: 2,
          retry,
        },
      },
    ],
  },
})
