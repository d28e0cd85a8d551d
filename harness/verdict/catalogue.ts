/** Every expectation the harness can judge, by id, in the order a report lists them. */
import { dtmfExpectations } from './dtmf.ts'
import type { Expectation } from './expectation.ts'
import { mediaExpectations } from './media.ts'
import { registrationExpectations } from './registration.ts'
import { signallingExpectations } from './signalling.ts'

export const expectations: ReadonlyMap<string, Expectation> = new Map(
  [...signallingExpectations, ...registrationExpectations, ...mediaExpectations, ...dtmfExpectations].map((expectation) => [
    expectation.id,
    expectation,
  ]),
)
