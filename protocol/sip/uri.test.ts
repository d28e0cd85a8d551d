import { describe, expect, test } from 'vitest'
import { formatUri, parseUri, type SipUri, uriEquals } from './uri.ts'

const sip = (fields: Partial<SipUri>): SipUri => ({ scheme: 'sip', host: 'example.com', params: new Map(), headers: new Map(), ...fields })

describe('reads and writes', () => {
  const rows: [string, ReturnType<typeof parseUri>, string?][] = [
    ['sip:example.com', sip({})],
    ['sip:alice@example.com', sip({ user: 'alice' })],
    [
      'sip:alice:secretword@example.com;transport=tcp',
      sip({ user: 'alice', password: 'secretword', params: new Map([['transport', 'tcp']]) }),
    ],
    [
      'sips:alice@example.com?subject=project%20x&priority=urgent',
      sip({
        scheme: 'sips',
        user: 'alice',
        headers: new Map([
          ['subject', 'project x'],
          ['priority', 'urgent'],
        ]),
      }),
    ],
    [
      'sip:+1-212-555-1212:1234@gateway.com;user=phone',
      sip({ user: '+1-212-555-1212', password: '1234', host: 'gateway.com', params: new Map([['user', 'phone']]) }),
    ],
    ['sip:alice@192.0.2.4:5070', sip({ user: 'alice', host: '192.0.2.4', port: 5070 })],
    ['sip:[2001:db8::10]:5070;lr', sip({ host: '2001:db8::10', port: 5070, params: new Map([['lr', undefined]]) })],
    ['sip:alice;day=tuesday@atlanta.com', sip({ user: 'alice;day=tuesday', host: 'atlanta.com' })],
    [
      'SIP:Alice@EXAMPLE.com;Transport=UDP',
      sip({ user: 'Alice', params: new Map([['transport', 'UDP']]) }),
      'sip:Alice@example.com;transport=UDP',
    ],
    ['sip:%61lice@example.com', sip({ user: 'alice' }), 'sip:alice@example.com'],
    ['sip:%2B1555@example.com', sip({ user: '+1555' }), 'sip:+1555@example.com'],
    ['sip:a%40b%3Ac@example.com', sip({ user: 'a@b:c' })],
    ['sip:J%C3%A4s@example.com', sip({ user: 'Jäs' })],
    ['sip:%E4@example.com', sip({ user: '\udce4' })],
    ['sip:a%25E4@example.com', sip({ user: 'a%E4' })],
    ['sip:example.com?route=a&route=b', sip({ headers: new Map([['route', 'a,b']]) }), 'sip:example.com?route=a%2Cb'],
    ['sip:example.com;a=1;A=2', sip({ params: new Map([['a', '1']]) }), 'sip:example.com;a=1'],
    ['tel:+1-201-555-0123', { scheme: 'tel', number: '+12015550123', params: new Map() }, 'tel:+12015550123'],
    ['tel:7042;phone-context=example.com', { scheme: 'tel', number: '7042', params: new Map([['phone-context', 'example.com']]) }],
  ]
  for (const [text, uri, written] of rows) {
    test(text, () => {
      expect(parseUri(text)).toEqual(uri)
      expect(formatUri(uri!)).toBe(written ?? text)
    })
  }
})

describe('refuses', () => {
  const schemes = ['', 'sip', 'sip:', 'mailto:a@b', 'http://a', 'sipx:a']
  const users = ['sip:@example.com', 'sip:a@b@c', 'sip:a%4@b', 'sip:a%zz@b', 'sip:a b@c', 'sip:<a@b>', 'sip:"a"@b']
  const hosts = [
    'sip:a@',
    'sip:a@b:x',
    'sip:a@b:70000',
    'sip:a@b:',
    'sip:a@[::1',
    'sip:a@[g::1]',
    'sip:a@b!c',
    'sip:a@[::1]x',
    'sip:a@b%41',
  ]
  const rest = ['sip:b;', 'sip:b;;x', 'sip:b;=x', 'sip:b?x', 'sip:b?=x', 'tel:', 'tel:+', 'tel:12x', 'tel:1+2', 'tel:1;']
  for (const text of [...schemes, ...users, ...hosts, ...rest]) test(text || '(nothing)', () => expect(parseUri(text)).toBeUndefined())
})

describe('equality (RFC 3261 section 19.1.4)', () => {
  const equal = (a: string, b: string) => uriEquals(parseUri(a)!, parseUri(b)!)

  const same: [string, string][] = [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;newparam=5'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    ['sip:alice@atlanta.com?subject=project%20x&priority=urgent', 'sip:alice@atlanta.com?priority=urgent&subject=project%20x'],
    ['tel:+1-201-555-0123', 'tel:+12015550123'],
  ]
  for (const [a, b] of same) {
    test(`${a} is ${b}`, () => {
      expect(equal(a, b)).toBe(true)
      expect(equal(b, a)).toBe(true)
    })
  }

  const different: [string, string][] = [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@b', 'sips:a@b'],
    ['sip:a:x@b', 'sip:a:y@b'],
    ['sip:b?x=1', 'sip:b?x=2'],
    ['tel:+1', 'tel:+2'],
    ['tel:1;phone-context=a', 'tel:1'],
    ['tel:1;phone-context=a', 'tel:1;phone-context=b'],
    ['tel:1', 'sip:1@b'],
  ]
  for (const [a, b] of different) {
    test(`${a} is not ${b}`, () => {
      expect(equal(a, b)).toBe(false)
      expect(equal(b, a)).toBe(false)
    })
  }
})
