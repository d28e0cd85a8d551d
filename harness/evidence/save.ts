/** Writes one attempt's evidence into the run's folder: the ladder, the capture, the peer's log. Secrets are masked on the way. */
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
    comment: `${item.cell.id}, ${item.scenario.id}, seen beside the peer`,
  })
  const files: [string, Uint8Array | string][] = [
    ['ladder.json', `${JSON.stringify(ladderOf(evidence))}\n`],
    ['capture.pcapng', capture.bytes],
    ...(evidence.peer.log.length === 0 ? [] : [['peer.log', redactText(`${evidence.peer.log.join('\n')}\n`)] as [string, string]]),
  ]
  await Promise.all(files.map(([name, content]) => writeFile(join(folder, name), content)))
  return { paths: files.map(([name]) => [...parts, name].join('/')), rtpFrames: capture.rtpFrames }
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

const mediaLabel = (stream: StreamFacts): string => `RTP ${Object.keys(stream.codecs).join(', ')}`
