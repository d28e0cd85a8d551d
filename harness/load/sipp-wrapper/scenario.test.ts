import { expect, test } from 'vitest'
import { scenarioXml } from './scenario.ts'

const audio = new Uint8Array(160)

test('every kind of step', () => {
  const xml = scenarioXml(
    {
      name: 'all & "more"',
      steps: [
        { do: 'invite' },
        { do: 'receive', status: 100, optional: true },
        { do: 'receive', status: 200, measure: true },
        { do: 'ack' },
        { do: 'stream', audio, times: 3 },
        { do: 'pause', ms: 200 },
        { do: 'pause' },
        { do: 'count-packets' },
        { do: 'bye' },
        { do: 'receive', status: 200 },
      ],
    },
    (step) => `/tmp/audio-${step}`,
  )
  expect(xml).toContain('<scenario name="all &amp; &quot;more&quot;">')
  expect(xml.split('\n').filter((line) => /^<(recv|pause|nop|send)/.test(line))).toEqual([
    '<send retrans="500" start_rtd="1"><![CDATA[',
    '<recv response="100" optional="true"></recv>',
    '<recv response="200" rtd="1"></recv>',
    '<send><![CDATA[',
    '<nop><action><exec rtp_stream="/tmp/audio-4,3,0,PCMU/8000"/></action></nop>',
    '<pause milliseconds="200"/>',
    '<pause/>',
    '<nop><action><rtp_stats assign_to="packets"/><log message="packets [$packets]"/></action></nop>',
    '<send retrans="500"><![CDATA[',
    '<recv response="200"></recv>',
  ])
  expect(xml.match(/^CSeq: .*$/gm)).toEqual(['CSeq: 1 INVITE', 'CSeq: 1 ACK', 'CSeq: 2 BYE'])
  expect(xml.match(/^To: .*$/gm)?.map((line) => line.includes('[peer_tag_param]'))).toEqual([false, true, true])
  expect(xml).toContain('\nm=audio [rtpstream_audio_port] RTP/AVP 0 101\n')
})
