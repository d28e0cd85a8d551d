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
import type { CaseResult } from '../../reports/schema/results.ts'
import type { PlanItem } from '../plan.ts'
import type { Probe } from '../probes/probe.ts'
import type { CallWires } from './call-wires.ts'
import type { CellEvidence, StreamFacts } from './cell-evidence.ts'
import type { Side } from './trace.ts'

export interface SavedEvidence {
  /** Paths inside the run's folder. */
  readonly paths: string[]
  /** What was tried beside calls, as it is reported. */
  readonly cases: readonly CaseResult[]
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
  const comment = `${item.cell.id}, ${item.scenario.id}, seen beside the peer`
  const { files: captured, rtpFrames } = captureFiles(evidence, comment)
  const files: NamedFile[] = [
    ['ladder.json', `${JSON.stringify(ladderOf(evidence))}\n`],
    ...captured,
    ...(evidence.peer.log.length === 0 ? [] : [['peer.log', redactText(`${evidence.peer.log.join('\n')}\n`)] satisfies NamedFile]),
  ]
  const paths = await writeFiles(runDir, parts, files)
  const cases = await Promise.all(evidence.probes.map((probe) => saveCase(runDir, parts, probe, comment)))
  return { paths, cases, rtpFrames }
}

type NamedFile = [name: string, content: Uint8Array | string]

/** A case as it is reported; the capture of its call stands in a folder of its own. */
async function saveCase(runDir: string, parts: readonly string[], { wires, ...told }: Probe, comment: string): Promise<CaseResult> {
  if (wires === undefined) return told
  const folder = [...parts, 'cases', told.case.replace(/[^a-z0-9]+/gi, '-')]
  const paths = await writeFiles(runDir, folder, captureFiles(wires, `${told.case}: ${comment}`).files)
  return { ...told, evidence: paths[0] }
}

function captureFiles({ peer, srtpKeys }: CallWires, comment: string): { files: NamedFile[]; rtpFrames: readonly number[] } {
  const { sip, rtp, path, tlsKeys } = peer
  const keys = { ...(path === undefined ? {} : { path }), ...(tlsKeys === undefined ? {} : { tlsKeys }) }
  const { bytes, rtpFrames } = evidenceCapture({ sip, rtp, ...keys, comment })
  return { files: [['capture.pcapng', bytes], ...srtpKeysFile(srtpKeys)], rtpFrames }
}

/** Resolves with the files' paths inside the run's folder. */
async function writeFiles(runDir: string, parts: readonly string[], files: readonly NamedFile[]): Promise<string[]> {
  const folder = join(runDir, ...parts)
  await mkdir(folder, { recursive: true })
  await Promise.all(files.map(([name, content]) => writeFile(join(folder, name), content)))
  return files.map(([name]) => [...parts, name].join('/'))
}

/** The keys every SRTP packet of the capture is under, for programs that decrypt. Absent where there is none. */
function srtpKeysFile(srtpKeys: CallWires['srtpKeys']): NamedFile[] {
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
