/**
 * The expectations a scenario can name: ids for ever, each with what must hold, in a
 * sentence. How each is judged, and in which cells it applies, is the harness's business.
 */
export const expectationTitles = {
  'call.established': 'the call is answered and confirmed',
  'transport.signalling': 'every SIP message travels on the transport of the cell',
  'transport.tls13': 'signalling is TLS 1.3 with a verified certificate (TLS cells)',
  'codec.negotiated': 'the answer picks the codec of the cell, and one that was offered',
  'codec.media': 'the packets that flow carry the negotiated codec, in both directions',
  'media.heard-by-peer': 'the peer hears the edge',
  'media.heard-by-edge': 'the edge hears the peer',
  'media.identity': 'what is heard is this call’s tone pair and no other call’s',
  'media.level': 'the level heard is the level sent, without clipping',
  'media.loss': 'the packets sent arrive',
  'media.fallback-plain': 'media is plain RTP while signalling stays TLS (TLS cells with media=rtp)',
  'dtmf.digits': 'each side receives exactly the digits the other sent',
  'dtmf.method': 'digits travel by the method of the cell',
  'dtmf.leak': 'no digit travels by the other method as well',
  'registration.mode': 'a static peer sends no REGISTER, a registering one is called at its binding',
  'registration.challenged': 'REGISTER is challenged, then accepted with digest credentials',
  'registration.wrong-password-refused': 'REGISTER with a wrong password is refused and binds nothing',
  'auth.challenged': 'a call of a trunk with credentials is challenged before it is let in',
  'acl.stranger-refused': 'a call from an address that no trunk lists is refused',
  'dialog.contact': 'requests inside the call reach the Contact the other side gave',
  'via.rport': 'responses fill in rport and received where the request asked for them',
  'call.ended': 'the side that hangs up sends BYE, and the other confirms it',
} as const

export type ExpectationId = keyof typeof expectationTitles
export const expectationIds = Object.keys(expectationTitles) as ExpectationId[]
