/** Every expectation the harness can judge, by id, in the order a report lists them. */
import { dtmfExpectations } from './dtmf.ts'
import type { Expectation } from './expectation.ts'
import { mediaExpectations } from './media.ts'
import { probeExpectations } from './probes.ts'
import { protectionExpectations } from './protection.ts'
import { registrationExpectations } from './registration.ts'
import { secrecyExpectations } from './secrecy.ts'
import { signallingExpectations } from './signalling.ts'

export const expectations: ReadonlyMap<string, Expectation> = new Map(
  [
    ...signallingExpectations,
    ...registrationExpectations,
    ...protectionExpectations,
    ...mediaExpectations,
    ...dtmfExpectations,
    ...secrecyExpectations,
    ...probeExpectations,
  ].map((expectation) => [expectation.id, expectation]),
)
