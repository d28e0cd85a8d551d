/**
 * `results.json`: what a run came to, one value that every report is rendered from
 * and that other programs read. Keys are snake_case because they are a file format.
 * Times: ISO 8601 for instants, `_ms` for milliseconds, `t_ms` for offsets from a cell's start.
 */
import { z } from 'zod'

export const schemaVersion = 1

export const verdictSchema = z.enum(['pass', 'fail', 'flaky', 'inconclusive', 'error', 'skipped'])
export type Verdict = z.infer<typeof verdictSchema>

export const fidelitySchema = z
  .enum(['real', 'persona', 'remote'])
  .describe('real: the product itself ran; persona: it was emulated; remote: somebody’s live system')
export type Fidelity = z.infer<typeof fidelitySchema>

export const axesSchema = z
  .object({
    direction: z.string(),
    transport: z.string(),
    registration: z.string(),
    dtmf: z.string(),
    nat: z.string(),
    codec: z.string(),
    media: z.string(),
  })
  .meta({ id: 'AxisValues' })
export type AxisValues = z.infer<typeof axesSchema>

const evidenceReferenceSchema = z
  .object({
    message: z.int().positive().optional().describe('Number of a SIP message in the ladder, counted from 1'),
    packet: z.int().positive().optional().describe('Frame number in capture.pcapng, counted from 1'),
    file: z.string().optional().describe('Path inside the run folder'),
  })
  .meta({ id: 'EvidenceReference' })

export const expectationResultSchema = z
  .object({
    id: z.string().describe('Stable, e.g. dtmf.to_edge'),
    title: z.string(),
    verdict: z.enum(['pass', 'fail', 'skipped', 'inconclusive']),
    expected: z.string(),
    seen: z.string(),
    clause: z.string().optional().describe('Clause this expectation proves or breaks'),
    cause: z.string().optional().describe('Likely cause of a failure'),
    remedy: z.string().optional().describe('Setting that mends it on this platform'),
    evidence: evidenceReferenceSchema.optional(),
  })
  .meta({ id: 'Expectation' })
export type ExpectationResult = z.infer<typeof expectationResultSchema>

/** A departure from a standard that did not stop the two sides from interoperating. */
export const deviationSchema = z
  .object({
    id: z.string(),
    detail: z.string(),
    reference: z.string().optional().describe('What it departs from, e.g. RFC 8643 section 3.1'),
    message: z.int().positive().optional().describe('Ladder message that shows it'),
  })
  .meta({ id: 'Deviation' })
export type Deviation = z.infer<typeof deviationSchema>

export const stepResultSchema = z
  .object({
    name: z.string(),
    t_ms: z.number(),
    duration_ms: z.number(),
    verdict: z.enum(['done', 'failed', 'skipped']),
    detail: z.string().optional(),
  })
  .meta({ id: 'Step' })
export type StepResult = z.infer<typeof stepResultSchema>

/** Something of the subject that was tried by itself, beside the calls of a scenario. */
export const caseResultSchema = z
  .object({
    case: z.string(),
    about: z.string().describe('What it tells of: protocol, identity or media'),
    rule: z.string().describe('The clause that demands it, e.g. RFC 8446 section 4.2.1'),
    demand: z.string(),
    met: z.boolean(),
    seen: z.string(),
    outcome: z.string().optional().describe('What was seen, in a word or two'),
    evidence: z.string().optional().describe('Path of its capture inside the run folder'),
    departure: z.string().optional().describe('Met all the same, but by a way of the product’s own that no RFC knows'),
    place: z
      .object({ table: z.string(), row: z.string(), column: z.string() })
      .optional()
      .describe('Where it stands, if its kind makes a table'),
  })
  .meta({ id: 'Case' })
export type CaseResult = z.infer<typeof caseResultSchema>

const tonePairSchema = z.tuple([z.number(), z.number()])

/** One direction of a call's media: what was sent at one end and what arrived at the other. */
export const mediaFlowSchema = z
  .object({
    codec: z.string().optional(),
    payload_type: z.int().optional(),
    packets_sent: z.int().optional(),
    packets_received: z.int().optional(),
    lost: z.int().optional(),
    duplicates: z.int().optional(),
    reordered: z.int().optional(),
    unexpected_payload_types: z.int().optional().describe('Packets of a payload type that was not negotiated'),
    jitter_ms: z.number().optional(),
    mos_estimate: z.number().optional().describe('MOS-CQE estimated with ITU-T G.107'),
    tone_sent_hz: tonePairSchema.optional(),
    tone_heard_hz: tonePairSchema.optional(),
    level_dbm0: z.number().optional(),
    purity: z.number().optional().describe('Share of the energy in the expected tone pair, 0 to 1'),
    encrypted: z.boolean().optional().describe('Whether the packets themselves were encrypted'),
    source: z.string().optional().describe('Address the packets came from'),
    destination: z.string().optional(),
  })
  .meta({ id: 'MediaFlow' })
export type MediaFlow = z.infer<typeof mediaFlowSchema>

export const dtmfFlowSchema = z
  .object({
    method: z.string().describe('Method the cell asks for: rfc4733 or info'),
    sent: z.string(),
    received: z.string(),
    leaked: z.string().optional().describe('Digits that arrived by another method'),
  })
  .meta({ id: 'DtmfFlow' })
export type DtmfFlow = z.infer<typeof dtmfFlowSchema>

const tlsFactsSchema = z.object({
  version: z.string(),
  cipher: z.string(),
  authorized: z.boolean(),
  verify_error: z.string().optional(),
  peer_names: z.array(z.string()),
  servername: z.string().optional(),
})

/** What was observed in one attempt, apart from any judgement. `to_edge` is what the peer sent, `to_peer` what the edge sent. */
export const cellFactsSchema = z
  .object({
    transport: z
      .object({
        seen: z.array(z.string()).describe('Every transport a SIP message of this cell travelled on'),
        peer: z.string().optional().describe('Signalling address of the peer'),
        edge: z.string().optional().describe('Signalling address of the edge'),
      })
      .optional(),
    tls: tlsFactsSchema.optional(),
    registration: z
      .object({
        requests: z.int().describe('REGISTER requests seen'),
        challenged: z.boolean().optional(),
        authenticated: z.boolean().optional(),
        algorithm: z.string().optional(),
        expires_s: z.number().optional(),
        binding: z.string().optional(),
      })
      .optional(),
    sdp: z
      .object({
        offered_by: z.enum(['peer', 'edge']).optional(),
        offer: z.string().optional(),
        answer: z.string().optional(),
      })
      .optional(),
    media: z.object({ to_edge: mediaFlowSchema.optional(), to_peer: mediaFlowSchema.optional() }).optional(),
    dtmf: z.object({ to_edge: dtmfFlowSchema.optional(), to_peer: dtmfFlowSchema.optional() }).optional(),
    ended: z.object({ by: z.string(), status: z.int().optional(), reason: z.string().optional() }).optional(),
  })
  .meta({ id: 'CellFacts' })
export type CellFacts = z.infer<typeof cellFactsSchema>

/** How an unclaimed cell turned out; never a failure of a claim. */
export const probeOutcomeSchema = z.enum(['works', 'refused', 'misbehaves'])
export type ProbeOutcome = z.infer<typeof probeOutcomeSchema>

const attemptShape = {
  verdict: verdictSchema,
  reason: z.string().optional().describe('Why it is not a plain pass, in one sentence'),
  attribution: z.enum(['subject', 'peer', 'harness', 'environment', 'unknown']).optional(),
  deviations: z.array(deviationSchema),
  started: z.iso.datetime({ offset: true }).optional(),
  duration_ms: z.number(),
  expectations: z.array(expectationResultSchema),
  evidence: z.array(z.string()).describe('Paths inside the run folder'),
  steps: z.array(stepResultSchema).optional(),
  cases: z.array(caseResultSchema).optional(),
  facts: cellFactsSchema.optional(),
  probe: probeOutcomeSchema.optional(),
}

export const attemptSchema = z.object({ attempt: z.int().positive(), ...attemptShape }).meta({ id: 'Attempt' })
export type Attempt = z.infer<typeof attemptSchema>

/** The scenario that runs on every cell decides the cell; the others, tried on some of them, are checks. */
export const checkSchema = z.literal(true).optional().describe('Set where the scenario is not the one that decides the cell')

/** One cell under one scenario. The harness emits one per attempt; `results.json` holds the last and keeps the others in `earlier_attempts`. */
export const cellResultSchema = z
  .object({
    id: z.string(),
    platform: z.string(),
    axes: axesSchema,
    claimed: z.boolean(),
    scenario: z.string(),
    check: checkSchema,
    fidelity: fidelitySchema,
    ...attemptShape,
    clauses: z.array(z.string()),
    attempts: z.int().nonnegative().describe('How many times it was tried'),
    rerun: z.string().optional().describe('Command that runs this cell alone'),
    earlier_attempts: z.array(attemptSchema).optional(),
  })
  .meta({ id: 'Cell' })
export type CellResult = z.infer<typeof cellResultSchema>

export const runFactsSchema = z
  .object({
    id: z.string(),
    started: z.iso.datetime({ offset: true }),
    finished: z.iso.datetime({ offset: true }).optional(),
    interrupted: z.boolean().optional(),
    runtime: z.string(),
    strategy: z.string(),
    seed: z.union([z.int(), z.string()]),
    command: z.string().optional(),
    shard: z.string().optional(),
    guide_snapshot: z.string().optional().describe('Date of the guide whose claims were tried'),
    versions: z.record(z.string(), z.string()),
    edge: z.object({ kind: z.string(), version: z.string().optional(), address: z.string().optional() }).catchall(z.unknown()),
    host: z
      .object({ os: z.string().optional(), cores: z.int().optional(), memory_mb: z.number().optional(), node: z.string().optional() })
      .catchall(z.unknown())
      .optional(),
  })
  .meta({ id: 'RunFacts' })
export type RunFacts = z.infer<typeof runFactsSchema>

export const clauseVerdictSchema = z.enum(['proven', 'broken', 'flaky', 'unproven', 'not applicable'])
export type ClauseVerdict = z.infer<typeof clauseVerdictSchema>

/** A clause as the plan carries it. */
export const clauseInfoSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    statement: z.string().optional().describe('The guide’s own sentence'),
    section: z.string().optional().describe('Where in the guide it stands'),
    not_applicable: z.string().optional().describe('Why no cell can prove it'),
  })
  .meta({ id: 'Clause' })
export type ClauseInfo = z.infer<typeof clauseInfoSchema>

export const clauseResultSchema = clauseInfoSchema
  .extend({
    verdict: clauseVerdictSchema,
    cells: z.array(z.string()).describe('Ids of the claimed cells that bear on it, by themselves or by a check'),
    proven_by: z.array(fidelitySchema).describe('How faithful the peers were that prove it'),
    proven: z.int(),
    broken: z.int(),
    flaky: z.int(),
    open: z.int().describe('Cells that were tried without a result, or not tried'),
    skipped: z.int(),
  })
  .meta({ id: 'ClauseResult' })
export type ClauseResult = z.infer<typeof clauseResultSchema>

export const platformInfoSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    claims: z.record(z.string(), z.array(z.string())).optional().describe('Claimed values by axis'),
    note: z.string().optional().describe('What stood in for the platform, e.g. "Asterisk 22.10.1 in a container"'),
  })
  .meta({ id: 'Platform' })
export type PlatformInfo = z.infer<typeof platformInfoSchema>

const verdictCounts = {
  pass: z.int(),
  fail: z.int(),
  flaky: z.int(),
  inconclusive: z.int(),
  error: z.int(),
  skipped: z.int(),
}

/** Counts over claimed cells, each counted once; unclaimed ones are counted apart because they can break no claim, checks because they are no cells. */
export const summarySchema = z.object({
  cells: z.int(),
  ...verdictCounts,
  wall_ms: z.number(),
  unclaimed: z.object({ cells: z.int(), works: z.int(), refused: z.int(), misbehaves: z.int(), open: z.int() }),
  checks: z.object({ total: z.int(), ...verdictCounts }).describe('Checks of claimed cells'),
})
export type Summary = z.infer<typeof summarySchema>

export const resultsSchema = z.object({
  schema_version: z.literal(schemaVersion),
  run: runFactsSchema,
  summary: summarySchema,
  clauses: z.array(clauseResultSchema),
  platforms: z.array(platformInfoSchema),
  cells: z.array(cellResultSchema).describe('One entry for every cell'),
  checks: z.array(cellResultSchema).describe('What further scenarios found in some of these cells'),
})
export type Results = z.infer<typeof resultsSchema>
