/**
 * Writes one attempt's evidence into the run's folder: the ladder, the capture, the keys of its
 * media, the peer's log. Secrets are masked on the way, but for the two files that are meant to
 * hold keys: those of TLS are in the capture, those of SRTP in `srtp-keys.json` beside it. All
 * of them, like the credentials that TLS hid, were made for this one call.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { evidenceCapture } from '../../reports/capture.ts'
import { buildLadder } from '../../reports/ladder.ts'
import { redactText } from '../../reports/redact.ts'
import type { PlanItem } from '../plan.ts'
import type { CellEvidence, StreamFacts } from './cell-evidence.ts'
import type { Side } from './trace.ts'

export interface SavedEvidence {
  /** Paths inside the run's folder. */
  readonly paths: string[]
  /** Frame number in the capture of each of the peer's media packets, in their order. */
  readonly rtpFrames: readonly number[]
}

/** The scenario every cell is tried with keeps its evidence in the cell's own folder; others in one of theirs below it. */
export async function saveEvidence(runDir: string, attempt: number, item: PlanItem, evidence: CellEvidence): Promise<SavedEvidence> {
  const parts = [
    'evidence',
    item.cell.id,
    ...(item.scenario.runs === 'every-cell' ? [] : [item.scenario.id]),
    ...(attempt === 1 ? [] : [`attempt-${attempt}`]),
  ]
  const folder = join(runDir, ...parts)
  await mkdir(folder, { recursive: true })
  const capture = evidenceCapture({
    sip: evidence.peer.sip,
    rtp: evidence.peer.rtp,
    ...(evidence.peer.path === undefined ? {} : { path: evidence.peer.path }),
    ...(evidence.peer.tlsKeys === undefined ? {} : { tlsKeys: evidence.peer.tlsKeys }),
    comment: `${item.cell.id}, ${item.scenario.id}, seen beside the peer`,
  })
  const files: [string, Uint8Array | string][] = [
    ['ladder.json', `${JSON.stringify(ladderOf(evidence))}\n`],
    ['capture.pcapng', capture.bytes],
    ...srtpKeysFile(evidence),
    ...(evidence.probes.length === 0
      ? []
      : [['probes.json', `${JSON.stringify({ schema_version: 1, probes: evidence.probes }, null, 2)}\n`] as [string, string]]),
    ...(evidence.peer.log.length === 0 ? [] : [['peer.log', redactText(`${evidence.peer.log.join('\n')}\n`)] as [string, string]]),
  ]
  await Promise.all(files.map(([name, content]) => writeFile(join(folder, name), content)))
  return { paths: files.map(([name]) => [...parts, name].join('/')), rtpFrames: capture.rtpFrames }
}

/** The keys every SRTP packet of the capture is under, for programs that decrypt. Absent where there is none. */
function srtpKeysFile({ srtpKeys }: CellEvidence): [string, string][] {
  const keys = (['peer', 'edge'] as const).flatMap((from) =>
    srtpKeys[from].map(({ at, keying, profile, master }) => ({
      from,
      since: new Date(at).toISOString(),
      keying,
      suite: profile,
      master_key: Buffer.from(master.key).toString('hex'),
      master_salt: Buffer.from(master.salt).toString('hex'),
      ...(master.mki === undefined ? {} : { mki: Buffer.from(master.mki).toString('hex') }),
    })),
  )
  return keys.length === 0 ? [] : [['srtp-keys.json', `${JSON.stringify({ schema_version: 1, keys }, null, 2)}\n`]]
}

function ladderOf(evidence: CellEvidence): unknown {
  const { identity, peerAddress, peer } = evidence
  return buildLadder({
    parties: [
      { id: 'peer', label: 'Peer', address: `${peerAddress.host}:${peerAddress.port}` },
      { id: 'edge', label: 'Edge', address: `${identity.edge.host}:${identity.edge.port}` },
    ],
    here: 'peer',
    there: 'edge',
    wires: peer.sip,
    media: (['peer', 'edge'] as const).flatMap((side) => bar(side, evidence)),
    dtmf: peer.digits.map((digit) => ({
      at: digit.at,
      from: 'edge',
      to: 'peer',
      digit: digit.digit,
      method: digit.method ?? evidence.cell.axes.dtmf,
      ...(digit.durationMs === undefined ? {} : { duration_ms: digit.durationMs }),
    })),
  })
}

function bar(side: Side, { peer, streams }: CellEvidence) {
  const stream = streams[side]
  const wires = peer.rtp.filter((wire) => wire.kind === 'rtp' && (wire.dir === 'out') === (side === 'peer'))
  const first = wires[0]
  const last = wires.at(-1)
  if (stream === undefined || first === undefined || last === undefined) return []
  return [
    {
      at: first.at,
      until: last.at,
      from: side,
      to: side === 'peer' ? 'edge' : 'peer',
      label: mediaLabel(stream),
      packets: stream.packets,
    },
  ]
}

const mediaLabel = ({ protection, codecs }: StreamFacts): string =>
  `${protection.kind === 'plain' ? 'RTP' : 'SRTP'} ${Object.keys(codecs).join(', ')}`.trimEnd()
