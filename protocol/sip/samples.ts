/** Ordinary messages that tests and benchmarks start from. */
import { makeRequest, type SipRequest } from './message.ts'
import { serialize } from './serializer.ts'

const offer = [
  'v=0',
  'o=- 3897453 3897453 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0 8 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendrecv',
  '',
].join('\r\n')

/** An INVITE with an offer, as a PBX sends it. */
export function sampleInvite(): SipRequest {
  return makeRequest(
    'INVITE',
    'sip:+15551234567@127.0.0.1:32681',
    [
      ['Via', 'SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-7-1-0;rport'],
      ['Max-Forwards', '70'],
      ['From', '"Front Desk" <sip:100@127.0.0.1>;tag=8a7d'],
      ['To', '<sip:+15551234567@127.0.0.1>'],
      ['Call-ID', '6f2c8c9e-1@127.0.0.1'],
      ['CSeq', '1 INVITE'],
      ['Contact', '<sip:100@127.0.0.1:5060>'],
      ['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK'],
      ['Supported', '100rel, timer'],
      ['Content-Type', 'application/sdp'],
    ],
    offer,
  )
}

/** A BYE: the small message that is sent most. */
export function sampleBye(): SipRequest {
  return makeRequest('BYE', 'sip:agent@127.0.0.1:32681', [
    ['Via', 'SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-7-1-9;rport'],
    ['Max-Forwards', '70'],
    ['From', '<sip:100@127.0.0.1>;tag=8a7d'],
    ['To', '<sip:+15551234567@127.0.0.1>;tag=77ab'],
    ['Call-ID', '6f2c8c9e-1@127.0.0.1'],
    ['CSeq', '2 BYE'],
  ])
}

/** Text with CRLF line ends to bytes. */
export function sampleBytes(message: SipRequest): Buffer {
  return Buffer.from(serialize(message))
}
