import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AmiClient } from './ami.ts'
import type { AmiEvent } from './ami-event.ts'

/** A manager that answers by the action's name. */
let server: Server
let connection: Socket
const answers = new Map<string, string>()

beforeEach(async () => {
  answers.clear()
  answers.set('Login', 'Response: Success')
  server = createServer((socket) => {
    connection = socket
    socket.write('Asterisk Call Manager/11.0.0\r\n')
    socket.setEncoding('utf8').on('data', (text: string) => {
      const [, name] = /^Action: (.+)\r$/m.exec(text) ?? []
      const [, id] = /^ActionID: (.+)\r$/m.exec(text) ?? []
      const answer = answers.get(name ?? '')
      if (answer !== undefined) socket.write(`${answer}\r\nActionID: ${id}\r\n\r\n`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  connection?.destroy()
  server.close()
  await once(server, 'close')
})

const open = () =>
  AmiClient.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, username: 'me', secret: 'secret', events: true })

describe('the manager client', () => {
  test('resolves an action with its response and rejects one that is refused', async () => {
    answers.set('Command', 'Response: Success\r\nOutput: one\r\nOutput: two')
    answers.set('Hangup', 'Response: Error\r\nMessage: No such channel')
    const client = await open()
    expect(await client.command('core show version')).toBe('one\ntwo')
    await expect(client.action('Hangup', { Channel: 'x' })).rejects.toThrow('Hangup: No such channel')
    client.close()
  })

  test('says that a login was refused', async () => {
    answers.set('Login', 'Response: Error\r\nMessage: Authentication failed')
    await expect(open()).rejects.toThrow('Login: Authentication failed')
  })

  test('hands events on', async () => {
    const client = await open()
    const heard = once(client, 'event') as Promise<[AmiEvent]>
    connection.write('Event: Hangup\r\nUniqueid: a.1\r\nTimestamp: 1.5\r\n\r\n')
    expect((await heard)[0]).toEqual({ type: 'channel-gone', uniqueId: 'a.1', at: 1500 })
    client.close()
  })

  test('rejects what waits when the connection goes, and everything after', async () => {
    const client = await open()
    const waiting = expect(client.action('Originate')).rejects.toThrow('closed')
    connection.destroy()
    await waiting
    await expect(client.action('Ping')).rejects.toThrow('closed')
  })
})
