/**
 * The judge is judged against the real Asterisk: faults planted in the edge must turn
 * exactly the expectation they break red, with evidence taken beside Asterisk alone.
 */
import { describe, expect, test } from 'vitest'
import { caught, outcome, type Row, resultOf, rows } from './saboteurs.ts'

/** What Asterisk makes impossible to see on its own, with the reason. */
const notToBeHad: Partial<Record<Row['fault'], string>> = {
  tls12: 'Asterisk speaks TLS 1.3 alone here and refuses the handshake: no call, so nothing to judge the version by',
  'answer-savp': 'Asterisk ends a call whose answer changes the profile',
  'leak-header': 'Asterisk sends no custom header',
}

/** Played by our own probes, whoever the peer is. */
const withoutAsterisk: readonly (string | undefined)[] = ['tls-server', 'tls-client']

const tried = rows
  .filter(
    (row) =>
      row.side === 'edge' &&
      row.met === undefined &&
      notToBeHad[row.fault] === undefined &&
      row.axes.codec !== 'opus' &&
      !withoutAsterisk.includes(row.scenario),
  )
  // The rows of the grid that Asterisk can play are a scenario of their own.
  .map((row) => (row.scenario === 'osrtp-grid' ? { ...row, scenario: 'osrtp-grid-asterisk' } : row))

describe.concurrent('a fault planted in the edge turns exactly its expectation red', () => {
  test.each(tried)('$fault: $red ($axes.direction $axes.transport $axes.media $axes.dtmf)', async (row) => {
    expect(outcome(await resultOf(row, { platform: 'asterisk', runtime: 'docker' }))).toEqual(caught(row))
  })
})
