/**
 * Saboteurs: named faults an endpoint commits on purpose, so that the judge can be
 * judged. None is ever active unless its name was passed explicitly.
 */

/** Every fault by name, with what it does; `sides` tells where it can be planted. */
export const faultCatalogue = {
  'dtmf-lose': 'the second digit of every string is not sent',
  'dtmf-double': 'the second digit of every string is sent twice',
  'dtmf-other-method': 'digits go by the method that was not agreed',
  'dtmf-leak': 'digits go by both methods',
  'answer-unoffered-codec': 'the SDP answer names only a codec that was not offered',
  'send-other-codec': 'packets carry another codec than the one negotiated',
  silence: 'no tone is sent: the stream is silent',
  'swap-audio': "another call's tone is sent",
  clip: 'samples are driven into saturation',
  'drop-packets': 'every twentieth RTP packet is not sent',
  'answer-other-transport': 'responses to the INVITE leave over another transport',
  'never-bye': 'a call is dropped without BYE',
  'wrong-contact': 'Contact names an address where nothing listens',
  'skip-digest': 'an INVITE that must be challenged is let in',
  'accept-wrong-password': 'any password is right',
  'register-unchallenged': 'REGISTER is accepted without a challenge',
  'ignore-rport': 'rport in Via is not filled in',
  'reject-calls': 'every call is refused with 486',
  'register-no-binding': 'REGISTER is accepted without the binding in the response',
  'accept-strangers': 'calls are let in from addresses that are on no list',
  tls12: 'TLS is spoken in version 1.2 only',
  'answer-savp': 'the SDP answer names RTP/SAVP, and plain RTP is sent all the same',
  'srtp-send-plain': 'the answer is keyed, and plain RTP is sent all the same',
  'srtp-wrong-tag-length': 'SRTP packets carry an authentication tag of another length than agreed',
  'srtp-reuse-key': 'the SDP answer repeats the key of the offer: both directions are under one',
  'dtls-accept-any-fingerprint': 'any certificate is taken in the DTLS handshake of media',
  'skip-certificate-verification': 'any TLS certificate is taken, whoever it is for',
  'dtls-other-fingerprint': 'descriptions name another certificate than the one that media shows',
  'ignore-keying': 'keys are neither offered nor answered, though signalling is encrypted',
  'leak-header': 'custom headers of a message that came over TLS are repeated in a datagram',
  'crypto-on-clear': 'keys are offered and answered over signalling that is not encrypted',
  'downgrade-required': 'plain RTP is agreed to where SRTP is demanded, by the trunk or by the other side',
  'leak-key': 'the keys of a call are written into the log',
} as const

export type FaultName = keyof typeof faultCatalogue

/** The faults planted in one endpoint; empty in every honest one. */
export type FaultSet = ReadonlySet<FaultName>

export const noFaults: FaultSet = new Set()

/** Reads fault names from a command line. Throws a RangeError that lists the known names. */
export function parseFaults(names: readonly string[]): FaultSet {
  for (const name of names) {
    if (!Object.hasOwn(faultCatalogue, name)) {
      throw new RangeError(`unknown fault "${name}"; known faults: ${Object.keys(faultCatalogue).join(', ')}`)
    }
  }
  return new Set(names as FaultName[])
}
