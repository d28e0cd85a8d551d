/**
 * The fault `answer-other-transport`: responses leave by a transport the request did not
 * come on, to the address its Via names.
 *
 * Which one: from a stream, UDP first (a datagram is never refused, so it is at least
 * seen on the wire), else the other stream; from UDP, TCP and then TLS, tried by
 * connecting. The peer's listeners usually share one port number over UDP and TCP, and
 * TLS has the next one (5060 and 5061): so between TLS and the others the port is
 * shifted by one. Where nothing else can be sent the response goes the honest way,
 * because a call without any response would show another fault than this one.
 */
import { topVia } from '../protocol/sip/headers.ts'
import type { SipResponse } from '../protocol/sip/message.ts'
import type { Transport } from '../protocol/wire.ts'
import type { Connection } from './transport/connection.ts'
import type { TransportLayer } from './transport/transport-layer.ts'

const others: Record<Transport, readonly Transport[]> = { udp: ['tcp', 'tls'], tcp: ['udp', 'tls'], tls: ['udp', 'tcp'] }

export async function sendByAnotherTransport(transports: TransportLayer, response: SipResponse, connection: Connection): Promise<void> {
  const via = topVia(response)
  const sentByPort = via?.port ?? (connection.transport === 'tls' ? 5061 : 5060)
  for (const transport of others[connection.transport]) {
    if (transport !== 'tcp' && !transports.listeners.some((listener) => listener.transport === transport)) continue
    const port = sentByPort + Number(transport === 'tls') - Number(connection.transport === 'tls')
    try {
      await transports.send(response, { transport, remote: { address: connection.remote.address, port } })
      return
    } catch {
      // The next one, then.
    }
  }
  await transports.sendResponse(response, connection)
}
