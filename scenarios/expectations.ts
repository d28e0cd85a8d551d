/**
 * The ids of the expectations a scenario can name, stable for ever. What each says and how it
 * is judged is the harness's business; a test there holds its catalogue against this list.
 */
export const expectationIds = [
  'call.established',
  'transport.signalling',
  'transport.tls13',
  'codec.negotiated',
  'codec.media',
  'media.heard-by-peer',
  'media.heard-by-edge',
  'media.identity',
  'media.level',
  'media.loss',
  'media.fallback-plain',
  'dtmf.digits',
  'dtmf.method',
  'dtmf.leak',
  'registration.mode',
  'registration.challenged',
  'registration.wrong-password-refused',
  'auth.challenged',
  'acl.stranger-refused',
  'dialog.contact',
  'via.rport',
  'call.ended',
] as const
