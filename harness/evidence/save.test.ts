import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { JournalWriter } from '../../reports/journal.ts'
import { planItem } from '../plan-fixture.ts'
import { proofCall } from '../verdict/evidence-fixture.ts'
import { cellFacts } from './cell-facts.ts'
import { masterKeys } from './fixture/protection.ts'
import { saveEvidence } from './save.ts'

let runDir: string
beforeAll(() => {
  runDir = mkdtempSync(join(tmpdir(), 'trunkproof-save-'))
})
afterAll(() => rmSync(runDir, { recursive: true, force: true }))

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
/** Every way a key of the call may be written. */
const spellings = Object.values(masterKeys).flatMap(({ key, salt }) => [
  hex(key),
  hex(key).toUpperCase(),
  base64(Buffer.concat([key, salt])),
])
const holdsKey = (text: string): boolean => spellings.some((spelling) => text.includes(spelling)) || text.includes('e2d3c4b5a6978879')
const tlsKeys = [`CLIENT_TRAFFIC_SECRET_0 ${'0'.repeat(64)} e2d3c4b5a6978879`]

test.each(['sdes', 'dtls'] as const)('keys of a call with %s are in the files meant for them, and nowhere else', async (media) => {
  const path = [{ at: 0, dir: 'out', local: { address: '127.0.0.1', port: 1 }, remote: { address: '127.0.0.1', port: 2 } } as const].map(
    (wire) => ({ ...wire, bytes: Buffer.from('\x16\x03\x01') }),
  )
  const line = `media line: a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${base64(Buffer.concat([masterKeys.edge.key, masterKeys.edge.salt]))}`
  const evidence = proofCall({ transport: 'tls', media }, { peer: { path, tlsKeys, log: [line] } })
  const item = planItem()
  const { paths } = await saveEvidence(runDir, 1, { ...item, cell: evidence.cell }, evidence)
  using journal = new JournalWriter(runDir)
  const facts = cellFacts(evidence)
  expect(facts.media).toMatchObject({ to_edge: { encrypted: true }, to_peer: { encrypted: true } })
  const base = { platform: 'generic', axes: { ...evidence.cell.axes }, claimed: true, scenario: 'proof-call', fidelity: 'persona' as const }
  const result = {
    ...base,
    id: evidence.cell.id,
    verdict: 'pass' as const,
    deviations: [],
    duration_ms: 1,
    expectations: [],
    evidence: paths,
  }
  journal.write({ event: 'cell.finished', attempt: 1, result: { ...result, clauses: [], attempts: 1, facts } })

  const secret = paths.filter((file) => holdsKey(readFileSync(join(runDir, file), 'latin1')))
  expect(secret.map((file) => file.split('/').at(-1)).toSorted()).toEqual(['capture.pcapng', 'srtp-keys.json'])
  // In the capture those of TLS alone, in a block of their own.
  const capture = readFileSync(join(runDir, paths.find((file) => file.endsWith('capture.pcapng'))!), 'latin1')
  expect(spellings.filter((spelling) => capture.includes(spelling))).toEqual([])
  expect(readdirSync(runDir)).toContain('journal.ndjson')
  expect(holdsKey(readFileSync(join(runDir, 'journal.ndjson'), 'latin1'))).toBe(false)

  const { keys } = JSON.parse(readFileSync(join(runDir, paths.find((file) => file.endsWith('srtp-keys.json'))!), 'utf8')) as {
    keys: { from: 'peer' | 'edge'; keying: string; suite: string; master_key: string; master_salt: string }[]
  }
  expect(keys.map(({ from, keying, suite }) => [from, keying, suite])).toEqual([
    ['peer', media, 'AES_CM_128_HMAC_SHA1_80'],
    ['edge', media, 'AES_CM_128_HMAC_SHA1_80'],
  ])
  for (const { from, master_key, master_salt } of keys) {
    expect([master_key, master_salt]).toEqual([hex(masterKeys[from].key), hex(masterKeys[from].salt)])
  }
})

test('a plain call leaves no keys behind', async () => {
  const evidence = proofCall()
  const { paths } = await saveEvidence(runDir, 1, { ...planItem(), cell: evidence.cell }, evidence)
  expect(paths.map((file) => file.split('/').at(-1)).toSorted()).toEqual(['capture.pcapng', 'ladder.json'])
})

test('a case that was a call keeps its capture in a folder of its own, its keys beside it', async () => {
  const { peer, srtpKeys } = proofCall({ transport: 'tls', media: 'sdes' })
  const told = { case: 'peer a to edge b', about: 'media', rule: 'RFC 8643 section 3', demand: 'SRTP', met: true, seen: 'srtp' } as const
  const alone = { ...told, case: 'tls12', about: 'protocol' } as const
  const evidence = proofCall({}, { facts: { probes: [{ ...told, wires: { peer, srtpKeys } }, alone] } })
  const { cases } = await saveEvidence(runDir, 2, { ...planItem(), cell: evidence.cell }, evidence)
  const folder = `evidence/${evidence.cell.id}/attempt-2/cases/peer-a-to-edge-b`
  expect(cases).toEqual([{ ...told, evidence: `${folder}/capture.pcapng` }, alone])
  expect(readdirSync(join(runDir, folder)).toSorted()).toEqual(['capture.pcapng', 'srtp-keys.json'])
})
