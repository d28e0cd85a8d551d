/** The kinds of tests, what each needs of the machine, and what this machine lacks of it. */
import type { Finding } from '../harness/doctor.ts'

interface Kind {
  /** The vitest project, and the word in the file names. */
  readonly name: string
  /** Findings without which none of these tests can run. */
  readonly all: readonly Finding['id'][]
  /** Findings without which some of them leave themselves out. */
  readonly some: readonly Finding['id'][]
}

export const kinds: readonly Kind[] = [
  { name: 'unit', all: [], some: [] },
  { name: 'integration', all: ['udp', 'loopback-aliases'], some: ['sipp', 'openssl', 'ipv6'] },
  { name: 'browser', all: ['chromium'], some: [] },
  { name: 'docker', all: ['docker-engine', 'docker-compose'], some: [] },
]

export interface Lack {
  readonly kind: string
  readonly finding: Finding
  /** The whole kind is left out, not only some of its tests. */
  readonly whole: boolean
}

/** What these kinds of tests miss, by the findings of the doctor. */
export function lacksOf(findings: readonly Finding[], chosen: readonly Kind[] = kinds): Lack[] {
  const missing = findings.filter(({ ok }) => !ok)
  return chosen.flatMap(({ name, all, some }) =>
    missing
      .filter(({ id }) => all.includes(id) || some.includes(id))
      .map((finding) => ({ kind: name, finding, whole: all.includes(finding.id) })),
  )
}

/** One line for people: what is left out, why, and how to enable it. */
export const lackLine = ({ kind, finding, whole }: Lack): string =>
  `${whole ? `the ${kind} tests` : `${kind} tests that need it`}: ${finding.title}: ${finding.seen}. To enable: ${finding.enable}`
