/**
 * A caller's scenario as typed steps, written as SIPp's XML. Pure. Only calls from SIPp,
 * one dialog each; what a step may be is what loads need so far.
 */

export interface Scenario {
  readonly name: string
  readonly steps: readonly SippStep[]
}

export type SippStep =
  /**
   * Offers G.711 u-law and telephone-event, with the port SIPp will stream from; with `srtp` demands SRTP
   * keyed by SDES (AES_CM_128_HMAC_SHA1_80), which SIPp then streams. Begins the response time.
   */
  | { readonly do: 'invite'; readonly srtp?: true }
  /** Waits for a response to the request before. `measure` ends the response time. */
  | { readonly do: 'receive'; readonly status: number; readonly optional?: true; readonly measure?: true }
  | { readonly do: 'ack' }
  | { readonly do: 'bye' }
  /** Sends G.711 u-law bytes as 20 ms packets, so many times over. Later steps do not wait for it. */
  | { readonly do: 'stream'; readonly audio: Uint8Array; readonly times: number }
  /** Without `ms` for as long as the options say. */
  | { readonly do: 'pause'; readonly ms?: number }
  /** Logs `packets N`, what the call has received of RTP so far. Since SIPp 3.8. */
  | { readonly do: 'count-packets' }

/** The XML; `audioFile` gives the file that holds the audio of the step at an index. */
export function scenarioXml({ name, steps }: Scenario, audioFile: (step: number) => string): string {
  let cseq = 0
  let invite = 0
  const elements = steps.map((step, at) => {
    switch (step.do) {
      case 'invite':
        invite = ++cseq
        return request('INVITE', cseq, {
          attributes: ' retrans="500" start_rtd="1"',
          contact: true,
          sdp: step.srtp ? protectedDescription : description,
        })
      case 'bye':
        return request('BYE', ++cseq, { attributes: ' retrans="500"' })
      case 'ack':
        // RFC 3261 section 13.2.2.4: the number of the INVITE.
        return request('ACK', invite, {})
      case 'receive': {
        const { status, optional, measure } = step
        return `<recv response="${status}"${optional ? ' optional="true"' : ''}${measure ? ' rtd="1"' : ''}></recv>`
      }
      case 'pause':
        return step.ms === undefined ? '<pause/>' : `<pause milliseconds="${step.ms}"/>`
      case 'stream':
        return `<nop><action><exec rtp_stream="${escaped(audioFile(at))},${step.times},0,PCMU/8000"/></action></nop>`
      default:
        return '<nop><action><rtp_stats assign_to="packets"/><log message="packets [$packets]"/></action></nop>'
    }
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="${escaped(name)}">\n${elements.join('\n')}\n</scenario>\n`
}

const description = [
  'v=0',
  'o=- 1 1 IN IP[local_ip_type] [local_ip]',
  's=-',
  'c=IN IP[media_ip_type] [media_ip]',
  't=0 0',
  'm=audio [rtpstream_audio_port] RTP/AVP 0 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
]

/** SIPp fills in a key of its own and takes the other side's from the answer. */
const protectedDescription = [
  ...description.map((line) => line.replace('RTP/AVP', 'RTP/SAVP')),
  'a=crypto:[cryptotag1audio] [cryptosuiteaescm128sha1801audio] inline:[cryptokeyparams1audio]',
]

function request(method: string, cseq: number, parts: { attributes?: string; contact?: true; sdp?: readonly string[] }): string {
  const { attributes = '', contact, sdp } = parts
  const lines = [
    `${method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0`,
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]',
    'Max-Forwards: 70',
    'From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]t[call_number]',
    `To: <sip:[service]@[remote_ip]:[remote_port]>${cseq === 1 && method === 'INVITE' ? '' : '[peer_tag_param]'}`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    ...(contact ? ['Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>'] : []),
    ...(sdp ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${sdp ? '[len]' : '0'}`,
    '',
    ...(sdp ?? []),
  ]
  // SIPp takes the indentation of the first line off all of them.
  return `<send${attributes}><![CDATA[\n${lines.join('\n')}\n]]></send>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
