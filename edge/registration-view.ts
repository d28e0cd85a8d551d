/** A trunk's registration as the API and its events show it. */

import type { Clock } from '../endpoint/clock.ts'
import type { Trunk } from './api/schemas.ts'
import type { RegistrationView } from './api/views.ts'
import type { Bindings } from './bindings.ts'

export function registrationView(trunk: Trunk, bindings: Bindings, clock: Clock): RegistrationView {
  const username = trunk.auth.type === 'digest' ? trunk.auth.username : ''
  const toEpoch = Date.now() - clock.now()
  return {
    trunk: trunk.id,
    aor: `sip:${username}@${trunk.sip_domain}`,
    contacts: bindings.of(trunk.id).map(({ contact, expiresAt, flow }) => ({
      uri: contact,
      expires_at: expiresAt + toEpoch,
      transport: flow.transport,
      remote: { address: flow.remote.address, port: flow.remote.port },
      connected: flow.open,
    })),
  }
}
