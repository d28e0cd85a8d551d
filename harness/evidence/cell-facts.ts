/** What was observed in one attempt, apart from any judgement, in the words of the report. */
import type { CellFacts, DtmfFlow, MediaFlow } from '../../reports/schema/results.ts'
import type { CellEvidence } from './cell-evidence.ts'
import { registrations, type Side } from './trace.ts'

export function cellFacts(evidence: CellEvidence): CellFacts {
  const { trace, call, identity, peerAddress, edge } = evidence
  const tls = trace.messages.find((traced) => traced.wire.tls !== undefined)?.wire.tls
  const register = registrations(trace)
  return {
    transport: {
      seen: [...new Set(trace.messages.map((traced) => traced.wire.transport))],
      peer: `${peerAddress.host}:${peerAddress.port}`,
      edge: `${identity.edge.host}:${identity.edge.port}`,
    },
    ...(tls === undefined
      ? {}
      : {
          tls: {
            version: tls.version,
            cipher: tls.cipher,
            authorized: tls.authorized,
            peer_names: [...tls.peerNames],
            ...(tls.verifyError === undefined ? {} : { verify_error: tls.verifyError }),
            ...(tls.servername === undefined ? {} : { servername: tls.servername }),
          },
        }),
    ...(register.requests.length === 0
      ? {}
      : {
          registration: {
            requests: register.requests.length,
            challenged: register.responses.some((traced) => traced.message.status === 401),
            authenticated: register.requests.some((traced) => traced.message.headers.has('Authorization')),
          },
        }),
    ...(call?.offer === undefined
      ? {}
      : { sdp: { offered_by: call.offer.by, offer: call.offer.sdp, ...(call.answer === undefined ? {} : { answer: call.answer.sdp }) } }),
    media: { to_edge: flow('peer', evidence), to_peer: flow('edge', evidence) },
    dtmf: { to_edge: digits('peer', evidence), to_peer: digits('edge', evidence) },
    ...(edge?.ended === undefined
      ? {}
      : {
          ended: {
            by: edge.ended.by,
            ...(edge.ended.status === undefined ? {} : { status: edge.ended.status }),
            ...(edge.ended.reason === undefined ? {} : { reason: edge.ended.reason }),
          },
        }),
  }
}

function flow(sender: Side, { streams, identity, peer, edge }: CellEvidence): MediaFlow {
  const stream = streams[sender]
  // The wires were taken beside the peer: what it sent, and what reached it.
  if (stream === undefined) return sender === 'peer' ? { packets_sent: 0 } : { packets_received: 0 }
  const clear = stream.tones.filter((reading) => reading.pair !== undefined)
  const heard = clear[Math.floor(clear.length / 2)]
  const wire = peer.rtp.find((packet) => packet.kind === 'rtp' && (packet.dir === 'out') === (sender === 'peer'))
  const ends = wire && (wire.dir === 'out' ? [wire.local, wire.remote] : [wire.remote, wire.local])
  const payloadType = mostCommon(stream.payloadTypes)
  return {
    codec: Object.keys(stream.codecs)[0] ?? 'none',
    encrypted: stream.protection.kind !== 'plain',
    ...(payloadType === undefined ? {} : { payload_type: payloadType }),
    ...(sender === 'peer'
      ? { packets_sent: stream.packets, ...(edge?.packetsReceived === undefined ? {} : { packets_received: edge.packetsReceived }) }
      : { packets_received: stream.packets }),
    lost: stream.lost,
    duplicates: stream.duplicates,
    tone_sent_hz: [...(sender === 'peer' ? identity.peerTone : identity.edgeTone)],
    ...(heard === undefined
      ? {}
      : {
          tone_heard_hz: [...heard.pair!] as [number, number],
          level_dbm0: Math.round(heard.levelDbm0 * 10) / 10,
          purity: Math.round(heard.purity * 1000) / 1000,
        }),
    ...(ends === undefined ? {} : { source: `${ends[0]!.address}:${ends[0]!.port}`, destination: `${ends[1]!.address}:${ends[1]!.port}` }),
  }
}

function digits(sender: Side, { told, cell, peer, edge, streams, call }: CellEvidence): DtmfFlow {
  const received = sender === 'edge' ? peer.digits.map((heard) => heard.digit) : (edge?.digits.map((heard) => heard.digit) ?? [])
  const infos = (call?.infos ?? []).filter((traced) => traced.from === sender).length
  const leaked = cell.axes.dtmf === 'info' ? (streams[sender]?.digits ?? '') : infos > 0 ? `${infos} by INFO` : ''
  return { method: cell.axes.dtmf, sent: told[sender], received: received.join(''), ...(leaked === '' ? {} : { leaked }) }
}

function mostCommon(counts: Readonly<Record<number, number>>): number | undefined {
  const [most] = Object.entries(counts).sort(([, a], [, b]) => b - a)
  return most === undefined ? undefined : Number(most[0])
}
