import { expect, test } from 'vitest'
import { agentSchema } from './api/schemas.ts'
import { aclTrunk, emptyDirectory } from './test-support.ts'
import { TrunkSelection } from './trunk-selection.ts'

function setUp(open: string[] = []) {
  const directory = emptyDirectory()
  directory.importTrunk(aclTrunk)
  directory.importNumber({ number: '+12065550100', trunk: 'acl' })
  return new TrunkSelection(directory, open, agentSchema.parse({ echo: true }))
}

test.each([
  'sip:+12065550100@edge.example.com',
  'sip:12065550100@edge.example.com:32681;transport=tcp',
  'sips:+12065550100@edge.example.com',
  'sip:%2B12065550100@edge.example.com',
  'sip:+12065550100;phone-context=example.com@edge.example.com;user=phone',
  'tel:+1-206-555-0100',
])('%s is our number', (uri) => {
  expect(setUp().select(uri)).toMatchObject({ number: '+12065550100', trunk: { id: 'acl' } })
})

test.each(['sip:edge.example.com', 'sip:+12065550101@edge.example.com', 'sip:service@edge.example.com', 'mailto:a@b', ''])(
  '%s is nobody here',
  (uri) => {
    expect(setUp().select(uri)).toBeUndefined()
  },
)

test('an open number needs no trunk, and is only open when asked for', () => {
  expect(setUp(['service']).select('sip:service@127.0.0.1:32681')).toEqual({
    number: 'service',
    agent: agentSchema.parse({ echo: true }),
    trunk: undefined,
  })
})
