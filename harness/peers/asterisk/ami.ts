/**
 * A client of the Asterisk Manager: actions that resolve with their response, events as
 * they come. Plain TCP, one connection.
 */
import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type AmiEvent, readEvent } from './ami-event.ts'
import { AmiFrames, type AmiMessage, formatAction } from './ami-frames.ts'
import type { ManagerLogin } from './core-config.ts'

export interface AmiOptions extends ManagerLogin {
  readonly host: string
  readonly port: number
  /** Whether events are wanted on this connection. */
  readonly events: boolean
}

/** An action was refused, or the connection is gone. */
class AmiError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AmiError'
  }
}

const connectMs = 5_000
const actionMs = 15_000

interface Pending {
  resolve(response: AmiMessage): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

export class AmiClient extends EventEmitter<{ event: [AmiEvent]; closed: [Error | undefined] }> {
  readonly #socket: Socket
  readonly #frames = new AmiFrames()
  readonly #pending = new Map<string, Pending>()
  #nextId = 1
  #closed: Error | undefined

  private constructor(socket: Socket) {
    super()
    // One listener per open session is normal here.
    this.setMaxListeners(0)
    this.#socket = socket
    socket.setEncoding('utf8').setNoDelay(true)
    socket.on('data', (chunk: string) => this.#read(chunk))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(undefined))
  }

  /** Connects and logs in. Throws {@link AmiError}. */
  static async open(options: AmiOptions): Promise<AmiClient> {
    const socket = connect({ host: options.host, port: options.port })
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(connectMs) })
    } catch (error) {
      socket.destroy()
      throw new AmiError(`no Asterisk Manager at ${options.host}:${options.port}`, { cause: error })
    }
    const client = new AmiClient(socket)
    try {
      await client.action('Login', {
        Username: options.username,
        Secret: options.secret,
        Events: options.events ? 'system,call,user' : 'off',
      })
    } catch (error) {
      client.close()
      throw error
    }
    return client
  }

  /** Sends an action; resolves with its response. Rejects with {@link AmiError} when it is refused or not answered. */
  async action(name: string, fields: Readonly<Record<string, string>> = {}): Promise<AmiMessage> {
    if (this.#closed) throw this.#closed
    const id = String(this.#nextId++)
    const text = formatAction(name, { ActionID: id, ...fields })
    const response = await new Promise<AmiMessage>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new AmiError(`${name} was not answered within ${actionMs} ms`))
      }, actionMs)
      this.#pending.set(id, { resolve, reject, timer })
      this.#socket.write(text)
    })
    if (response.get('response') === 'Error') throw new AmiError(`${name}: ${response.get('message') ?? 'refused'}`)
    return response
  }

  /** Runs a command of Asterisk's own command line; gives its output. */
  async command(line: string): Promise<string> {
    return (await this.action('Command', { Command: line })).get('output') ?? ''
  }

  close(): void {
    this.#socket.destroy()
    this.#end(undefined)
  }

  #read(chunk: string): void {
    let messages: AmiMessage[]
    try {
      messages = this.#frames.push(chunk)
    } catch (error) {
      this.#end(error as Error)
      return
    }
    for (const message of messages) {
      // OriginateResponse is an event that has a "Response" too.
      if (!message.has('event')) {
        this.#settle(message)
        continue
      }
      const event = readEvent(message)
      if (event) this.emit('event', event)
    }
  }

  #settle(response: AmiMessage): void {
    const id = response.get('actionid') ?? ''
    const pending = this.#pending.get(id)
    if (!pending) return
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    pending.resolve(response)
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = new AmiError('the connection to the Asterisk Manager is closed', { cause: error })
    this.#socket.destroy()
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(this.#closed)
    }
    this.#pending.clear()
    this.emit('closed', error)
  }
}
