/** What a capture is written from: the wire beside the peer, and what each side sends under. */
import type { PeerEvidence } from '../peers/peer.ts'
import type { SendingKey } from './protection.ts'
import type { Side } from './trace.ts'

export interface CallWires {
  readonly peer: Pick<PeerEvidence, 'sip' | 'rtp' | 'path' | 'tlsKeys'>
  readonly srtpKeys: { readonly [S in Side]: readonly SendingKey[] }
}
