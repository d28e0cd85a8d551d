/** A peer session and an edge for tests of the conductor: both do what they are scripted to, and note what they were told. */
import { tonePair } from '../../protocol/audio/tone.ts'
import type { Step } from '../../scenarios/steps.ts'
import { type EdgeCall, EdgeRefused } from '../edge/edge-client.ts'
import { EventLog } from '../edge/edge-desk.ts'
import type { PeerEvidence, PeerIdentity, PeerSession, RegisterOutcome } from '../peers/peer.ts'
import type { CallDesk } from './conductor.ts'

export const identity: PeerIdentity = {
  cellId: 'a-cell',
  number: '+99910000000',
  edge: { host: '198.51.100.20', port: 5060, transport: 'udp' },
  username: 'cell',
  password: 'right-password',
  edgeTone: tonePair(0),
  peerTone: tonePair(1),
  sendDigits: '1234*#',
  edgeDigits: '59*0',
}

const noEvidence: PeerEvidence = { sip: [], rtp: [], digits: [], tones: [], log: [] }

/** Everything goes well, unless a test says otherwise. The edge tells what follows from what is done. */
export class ScriptedCall {
  /** What was asked of whom, in order. */
  readonly told: string[] = []
  readonly log = new EventLog(() => {})
  readonly session: PeerSession
  readonly desk: CallDesk

  constructor(changes: { session?: Partial<PeerSession>; client?: Partial<CallDesk['client']> } = {}) {
    this.session = { ...this.#goodSession(), ...changes.session }
    this.desk = { client: { ...this.#goodClient(), ...changes.client } }
  }

  /** What the edge tells over its event stream. */
  event(type: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.log.add({ type, data: { id: 'call-1', number: identity.number, ...data } })
  }

  established(): void {
    this.event('call.started')
    this.event('call.confirmed')
    this.event('call.tone', { pair: null })
    this.event('call.tone', { pair: identity.peerTone })
  }

  #goodSession(): PeerSession {
    return {
      contactUri: 'sip:cell@192.0.2.10:20000;transport=udp',
      register: async ({ password } = {}): Promise<RegisterOutcome> => {
        this.told.push(password === undefined ? 'peer: register' : `peer: register with ${password}`)
        return password === undefined ? { status: 200, registered: true } : { status: 403, registered: false }
      },
      call: async ({ number } = {}) => {
        this.told.push(number === undefined ? 'peer: call' : `peer: call ${number}`)
        this.established()
      },
      waitForCall: async () => {
        this.told.push('peer: answer')
        this.established()
      },
      heard: async (withinMs) => this.told.push(`peer: listen ${withinMs}`) > 0,
      understood: async () => true,
      sendDigits: async (digits) => {
        this.told.push(`peer: send ${digits}`)
        for (const digit of digits) this.event('call.digit', { digit })
      },
      hangup: async () => {
        this.told.push('peer: hang up')
        this.event('call.ended', { ended: { by: 'remote' } })
      },
      waitForEnd: async () => true,
      ping: async () => {
        this.told.push('peer: OPTIONS')
        return 200
      },
      sendRaw: async (bytes) => {
        this.told.push(`peer: raw ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`)
        return 400
      },
      evidence: async () => noEvidence,
      [Symbol.asyncDispose]: async () => {},
    }
  }

  #goodClient(): CallDesk['client'] {
    return {
      call: async ({ number, to, tone }) => {
        this.told.push(`edge: call ${to} as ${number} with ${tone.join('+')}`)
        return edgeCall
      },
      sendDigits: async (id, digits) => {
        this.told.push(`edge: send ${digits} on ${id}`)
      },
      hangup: async (id) => {
        this.told.push(`edge: hang up ${id}`)
        this.event('call.ended', { ended: { by: 'local' } })
      },
    }
  }
}

const edgeCall: EdgeCall = { id: 'call-1', call_id: 'c', number: identity.number, state: 'setup', digits: [], tones: [], media: null }

/** What the edge answers when the state of a call forbids what is asked (HTTP 409). */
export const edgeRefuses = async (): Promise<never> => {
  throw new EdgeRefused('the edge: the call is over')
}

export const never = <T>(): Promise<T> => new Promise<T>(() => {})

/** A step as the loader hands it over. */
export const step = (what: Omit<Step, 'id'> | Record<string, unknown>, id = Object.keys(what)[0]!): Step => ({ id, ...what }) as Step
