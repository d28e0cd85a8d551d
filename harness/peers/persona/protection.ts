/**
 * How a persona protects its audio: as the axis of its cell says, or as the product it
 * stands for is known to do, where that is something else.
 */
import type { Axes } from '../../../matrix/axes.ts'
import type { Cell } from '../../../matrix/cell.ts'
import { type MediaPolicy, policyFacts } from '../../../matrix/media-policy.ts'
import type { Keying, Protection } from '../../../protocol/sdp/types.ts'
import { asAsterisk } from './asterisk-manners.ts'

/** Undefined for plain RTP: keys in an offer are overlooked then, and secure profiles refused. */
export function protectionOf({ platform, axes }: Pick<Cell, 'platform' | 'axes'>, policy?: MediaPolicy): Protection | undefined {
  const protection = policy === undefined ? ofAxis(axes.media) : ofPolicy(policy)
  return protection !== undefined && platform === 'asterisk' ? asAsterisk(protection) : protection
}

function ofAxis(media: Axes['media']): Protection | undefined {
  switch (media) {
    case 'rtp':
      return undefined
    case 'sdes':
    case 'dtls':
      return demand(media)
    case 'osrtp-sdes':
      return opportunity('sdes')
    case 'osrtp-dtls':
      return opportunity('dtls')
  }
}

function ofPolicy(policy: MediaPolicy): Protection | undefined {
  const { keyings, plain } = policyFacts[policy]
  const [first] = keyings
  if (first === undefined) return undefined
  return plain ? opportunity(...keyings) : demand(first)
}

/**
 * A secure profile in offers; in answers RTP/AVP too where it brings keys. Allowed over any
 * signalling: whether an edge takes keys that came in clear is for the edge to decide.
 */
const demand = (keying: Keying): Protection => ({ offer: keying, keyings: [keying], required: true, allowed: true })

/** RFC 8643: RTP/AVP with keys in offers; whatever comes in answers. */
const opportunity = (...keyings: Keying[]): Protection => ({ offer: 'osrtp', keyings, required: false, allowed: true })
