import { expect, test } from 'vitest'
import { makeRequest, makeResponse } from '../message.ts'
import { plot, routeSetOfRequest, routeSetOfResponse } from './route-set.ts'

const target = 'sip:bob@192.0.2.4'

test('no routes: straight to the target', () => expect(plot([], target)).toEqual({ requestUri: target, routes: [], nextHop: target }))

test('loose router first (RFC 3261 16.12.1.1)', () =>
  expect(plot(['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'], target)).toEqual({
    requestUri: target,
    routes: ['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'],
    nextHop: 'sip:p1.example.com;lr',
  }))

test('strict router first (RFC 3261 12.2.1.1, 16.12.1.2)', () =>
  expect(plot(['<sip:p1.example.com;method=INVITE?x=y>', '<sip:p2.example.com;lr>'], target)).toEqual({
    requestUri: 'sip:p1.example.com',
    routes: ['<sip:p2.example.com;lr>', `<${target}>`],
    nextHop: 'sip:p1.example.com;method=INVITE?x=y',
  }))

test('the caller reverses Record-Route, the callee does not', () => {
  const request = makeRequest('INVITE', target, [
    ['Record-Route', '<sip:p2.example.com;lr>, <sip:p1.example.com;lr>'],
    ['Record-Route', '<sip:p0.example.com;lr>'],
  ])
  const response = makeResponse(request, 200)
  for (const row of request.headers.rows('Record-Route')) response.headers.append('Record-Route', row)
  expect(routeSetOfRequest(request)).toEqual(['<sip:p2.example.com;lr>', '<sip:p1.example.com;lr>', '<sip:p0.example.com;lr>'])
  expect(routeSetOfResponse(response)).toEqual(['<sip:p0.example.com;lr>', '<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'])
})
