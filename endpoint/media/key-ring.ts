/** Our SRTP master keys of one keying: one for each suite we name (RFC 4568 section 6.1), made when it is named. */

import { randomBytes } from 'node:crypto'
import type { MasterKey, ProtectionProfile } from '../../protocol/sdp/types.ts'
import { srtpProfiles } from '../../protocol/srtp/profile.ts'

export class KeyRing {
  readonly #keys = new Map<ProtectionProfile, MasterKey>()
  readonly #given: MasterKey | undefined

  /** @param given used for every suite: a fault. */
  constructor(given?: MasterKey) {
    this.#given = given
  }

  readonly masterKey = (suite: ProtectionProfile): MasterKey => {
    let key = this.#given ?? this.#keys.get(suite)
    if (key === undefined) {
      const { keyLength, saltLength } = srtpProfiles[suite]
      key = { key: randomBytes(keyLength), salt: randomBytes(saltLength) }
      this.#keys.set(suite, key)
    }
    return key
  }
}
