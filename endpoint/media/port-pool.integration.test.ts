import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { PortPool, type PortPoolOptions } from './port-pool.ts'

const pools: PortPool[] = []
const sockets: Socket[] = []

function open(options?: PortPoolOptions): PortPool {
  const pool = new PortPool(options)
  pools.push(pool)
  return pool
}

/** A range of two pairs that was free a moment ago. */
async function freeRange(): Promise<[number, number]> {
  const probe = open()
  for (;;) {
    const first = await probe.acquire('127.0.0.1')
    const [low, high] = [first.port, first.port + 3]
    const neighbour = createSocket('udp4')
    sockets.push(neighbour)
    neighbour.bind(low + 2, '127.0.0.1')
    const taken = await Promise.race([once(neighbour, 'listening').then(() => false), once(neighbour, 'error').then(() => true)])
    if (!taken && high < 65535) {
      await probe.close()
      await new Promise<void>((resolve) => neighbour.close(() => resolve()))
      sockets.pop()
      return [low, high]
    }
  }
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
  await Promise.all(sockets.splice(0).map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))))
})

test.each(['127.0.0.1', '::1'])('RTP is even and RTCP next to it on %s', async (host) => {
  const pair = await open().acquire(host)
  expect(pair.port % 2).toBe(0)
  expect(pair.rtp.address()).toMatchObject({ address: host, port: pair.port })
  expect(pair.rtcp.address()).toMatchObject({ address: host, port: pair.port + 1 })
})

test('datagrams reach the handlers', async () => {
  const pool = open()
  const [a, b] = [await pool.acquire('127.0.0.1'), await pool.acquire('127.0.0.1')]
  const heard = new Promise<string[]>((resolve) => {
    const texts: string[] = []
    const take = (name: string) => (bytes: Buffer, remote: { port: number }) => {
      texts.push(`${name} ${bytes} from ${remote.port === a.port ? 'rtp' : 'other'}`)
      if (texts.length === 2) resolve(texts.sort())
    }
    b.onRtp = take('rtp')
    b.onRtcp = take('rtcp')
  })
  a.rtp.send('x', b.port, '127.0.0.1')
  a.rtp.send('y', b.port + 1, '127.0.0.1')
  expect(await heard).toEqual(['rtcp y from rtp', 'rtp x from rtp'])
})

test('a range runs out, and a released pair comes back once it was quiet', async () => {
  const range = await freeRange()
  const pool = open({ range, quietMs: 400 })
  const [first, second] = [await pool.acquire('127.0.0.1'), await pool.acquire('127.0.0.1')]
  expect([first.port, second.port].sort((a, b) => a - b)).toEqual([range[0], range[0] + 2])
  await expect(pool.acquire('127.0.0.1')).rejects.toMatchObject({ code: 'no-port' })

  first.release()
  first.release()
  expect([pool.inUse, pool.draining]).toEqual([1, 1])
  await expect(pool.acquire('127.0.0.1')).rejects.toThrow('1 still draining')
  // Late packets of the old call keep the port from being reused.
  const talker = await open().acquire('127.0.0.1')
  const chatter = setInterval(() => talker.rtp.send('late', first.port, '127.0.0.1'), 5)
  for (const until = performance.now() + 500; performance.now() < until; ) await once(first.rtp, 'message')
  expect(pool.draining).toBe(1)
  clearInterval(chatter)
  await expect.poll(() => pool.acquire('127.0.0.1').then((pair) => pair.port)).toBe(first.port)
})

test('a quiet pair is lent again as it is, and its last user has nothing to say any more', async () => {
  const pool = open({ quietMs: 20 })
  const first = await pool.acquire('127.0.0.1')
  first.onRtp = () => expect.unreachable('the call that left')
  first.release()
  await expect.poll(() => pool.draining).toBe(0)
  const second = await pool.acquire('127.0.0.1')
  expect(second.rtp).toBe(first.rtp)
  first.release()
  expect([pool.inUse, pool.draining]).toEqual([1, 0])
  const talker = await pool.acquire('127.0.0.1')
  expect(talker.port).not.toBe(second.port)
  const heard = new Promise((resolve) => {
    second.onRtp = resolve
  })
  talker.rtp.send('x', second.port, '127.0.0.1')
  expect(String(await heard)).toBe('x')
})

test('a pair nobody asks for is closed, and one on another address gives its port away', async () => {
  const idle = open({ quietMs: 10, mostIdleMs: 20 })
  const pair = await idle.acquire('127.0.0.1')
  const closed = once(pair.rtp, 'close')
  pair.release()
  await closed

  const [low] = await freeRange()
  const pool = open({ range: [low, low + 1], quietMs: 10 })
  const first = await pool.acquire('127.0.0.1')
  first.release()
  await expect.poll(() => pool.draining).toBe(0)
  const second = await pool.acquire('::1')
  expect([second.host, second.port]).toEqual(['::1', low])
})

test('ports held by others are passed over', async () => {
  const [low, high] = await freeRange()
  const holder = createSocket('udp4')
  sockets.push(holder)
  holder.bind(low + 1, '127.0.0.1')
  await once(holder, 'listening')
  const pool = open({ range: [low, high] })
  expect((await pool.acquire('127.0.0.1')).port).toBe(low + 2)
  await expect(pool.acquire('127.0.0.1')).rejects.toMatchObject({ code: 'no-port' })
})

test('an address that is not ours cannot be bound', async () => {
  await expect(open().acquire('192.0.2.1')).rejects.toMatchObject({ code: 'bind' })
})

test('a range without a pair is refused', () => {
  expect(() => new PortPool({ range: [4001, 4002] })).toThrow(RangeError)
  expect(() => new PortPool({ range: [70000, 70010] })).toThrow(RangeError)
})

test('a closed pool hands out nothing', async () => {
  const pool = open()
  await pool.acquire('127.0.0.1')
  await pool.close()
  await expect(pool.acquire('127.0.0.1')).rejects.toMatchObject({ code: 'closed' })
})
