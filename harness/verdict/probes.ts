/** Expectations on what was tried beside calls: TLS itself, and what comes of policies on encrypted audio. */
import type { CellEvidence } from '../evidence/cell-evidence.ts'
import type { Probe } from '../probes/probe.ts'
import { always, type Expectation, type Finding, fail, inconclusive, pass } from './expectation.ts'

const behaves =
  (about: Probe['about']) =>
  ({ probes }: CellEvidence): Finding => {
    const played = probes.filter((probe) => probe.about === about)
    const expected = `what each of ${played.length} cases demands`
    if (played.length === 0) return inconclusive(expected, 'no such case was played')
    const wrong = played.filter(({ met }) => !met)
    const [first] = wrong
    if (first === undefined) return pass(expected, `${played.length} of ${played.length} met`)
    const others = wrong.slice(1).map((probe) => probe.case)
    return fail(
      `${first.demand} (${first.rule})`,
      `${first.case}: ${first.seen}${others.length === 0 ? '' : `; not met either: ${others.join(', ')}`}`,
    )
  }

export const probeExpectations: readonly Expectation[] = [
  {
    id: 'secure.tls-protocol',
    title: 'TLS is spoken as it should be',
    clause: always('secure.tls13-only'),
    applies: (axes) => axes.transport === 'tls',
    after: [],
    judge: behaves('protocol'),
    remedy: 'allow TLS 1.3 alone, with its own cipher suites, and let nothing else end well',
  },
  {
    id: 'secure.tls-identity',
    title: 'Nobody is believed without the right certificate',
    clause: always('secure.certificate-refused'),
    applies: (axes) => axes.transport === 'tls',
    // Who does not speak the version shows no certificate.
    after: ['secure.tls-protocol'],
    judge: behaves('identity'),
    remedy: 'check chain, validity, revocation and name of certificates, as RFC 5280 and RFC 5922 say',
  },
  {
    id: 'secure.policy-grid',
    title: 'Policies on encryption come to what they should',
    clause: always('secure.osrtp'),
    applies: (axes) => axes.media.startsWith('osrtp-'),
    after: [],
    judge: behaves('media'),
    remedy: 'compare media encryption on both sides: off, opportunistic or required, and how it is keyed',
  },
]
