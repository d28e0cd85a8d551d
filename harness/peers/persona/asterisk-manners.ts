/**
 * What Asterisk 22 does with SRTP that no RFC tells, each line observed on the product:
 *
 *   media_encryption   offer it gets                        its answer
 *   dtls               RTP/AVP, crypto and fingerprint      200, m=audio 0
 *   dtls optimistic    RTP/AVP, with a fingerprint or none  200, m=audio 0
 *   dtls optimistic    RTP/AVP, crypto and fingerprint      200, RTP/AVP and a fingerprint
 *   sdes optimistic    UDP/TLS/RTP/SAVP                     200, m=audio 0
 *
 * "dtls optimistic" itself offers UDP/TLS/RTP/SAVP, where RFC 8643 asks for RTP/AVP. Of the
 * suites it is offered it takes AES_CM_128_HMAC_SHA1_80, and offers no other.
 */
import type { MediaFactory } from '../../../endpoint/media/types.ts'
import type { Axes } from '../../../matrix/axes.ts'
import { parseSdp, type SdpSession, writeSdp } from '../../../protocol/sdp/session.ts'
import type { Protection } from '../../../protocol/sdp/types.ts'

/** What it makes of a wish for protection. */
export function asAsterisk(protection: Protection): Protection {
  const own: Protection = { ...protection, suites: ['AES_CM_128_HMAC_SHA1_80'] }
  const optimisticDtls = protection.offer === 'osrtp' && protection.keyings.includes('dtls')
  return optimisticDtls ? { ...own, offer: 'dtls', required: true } : own
}

/** Whether an offer is taken with its audio turned down: 200 and port 0. */
export function turnsAudioDown(media: Axes['media'] | undefined, offer: string): boolean {
  const profile = /^m=audio \d+ (\S+)/m.exec(offer)?.[1]
  const crypto = /^a=crypto:/m.test(offer)
  const fingerprint = /^a=fingerprint:/m.test(offer)
  switch (media) {
    case 'dtls':
      return profile === 'RTP/AVP' && crypto && fingerprint
    case 'osrtp-dtls':
      return profile === 'RTP/AVP' && !(crypto && fingerprint)
    case 'osrtp-sdes':
      return profile === 'UDP/TLS/RTP/SAVP'
    default:
      return false
  }
}

/** Sessions of `factory` that answer as Asterisk with this encryption does. */
export function withAsteriskManners(factory: MediaFactory, media: Axes['media'] | undefined): MediaFactory {
  return {
    create: async (options) => {
      const session = await factory.create(options)
      const accept = session.acceptOffer.bind(session)
      session.acceptOffer = (sdp) => {
        const parsed = parseSdp(sdp)
        if (!parsed.ok || !turnsAudioDown(media, sdp)) return accept(sdp)
        return { ok: true, answer: turnedDown(parsed.session, options.advertisedHost ?? options.host) }
      }
      return session
    },
  }
}

function turnedDown({ media }: SdpSession, address: string): string {
  return writeSdp({
    originUser: '-',
    sessionName: 'Asterisk',
    sessionId: '1',
    sessionVersion: 1,
    address,
    media: media.map(({ kind, profile, formatList }) => ({ refused: { kind, profile, formatList } })),
  })
}
