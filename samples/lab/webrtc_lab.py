"""A call of a page to aiortc, which is told the other's description by HTTP."""

import time

from browser_lab import SERVER_IP, BrowserLab, sh

# The called peer: an offer in, an answer out.
PEER = '''
import asyncio
from aiortc import RTCDtlsTransport, RTCPeerConnection, RTCSessionDescription

peers = []

async def begin_again(peer):
    """As after an offer that this side takes for a new session: a new handshake over the ICE transport as it is."""
    old = peer.sctp.transport
    old._task.cancel()
    new = RTCDtlsTransport(old.transport, [old._RTCDtlsTransport__local_certificate])
    new._set_role('client')
    peers.append(new)
    await new.start(peer._RTCPeerConnection__remoteDtls[peer.sctp])

async def serve(reader, writer):
    head = (await reader.readuntil(b'\\r\\n\\r\\n')).decode().lower()
    length = next(int(line.split(':')[1]) for line in head.split('\\r\\n') if line.startswith('content-length'))
    offer = (await reader.readexactly(length)).decode()
    peer = RTCPeerConnection()
    peers.append(peer)

    @peer.on('datachannel')
    def opened(channel):
        channel.on('message', lambda said: channel.send('answer'))
        if %(begins_again)s:
            asyncio.get_event_loop().call_later(1, lambda: asyncio.ensure_future(begin_again(peer)))

    await peer.setRemoteDescription(RTCSessionDescription(offer, 'offer'))
    await peer.setLocalDescription(await peer.createAnswer())
    answer = peer.localDescription.sdp.encode()
    writer.write(b'HTTP/1.1 200 OK\\r\\nAccess-Control-Allow-Origin: *\\r\\nConnection: close\\r\\nContent-Length: %%d\\r\\n\\r\\n' %% len(answer))
    writer.write(answer)
    await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(serve, '%(address)s', 9000)
    await server.serve_forever()

asyncio.run(main())
'''

PAGE = '''<!doctype html><script>
async function call(change) {
  const caller = new RTCPeerConnection();
  const channel = caller.createDataChannel('x');
  channel.onopen = () => channel.send('request');
  await caller.setLocalDescription(await caller.createOffer());
  while (caller.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 50));
  const answer = await fetch('http://%s:9000/', { method: 'POST', body: caller.localDescription.sdp });
  await caller.setRemoteDescription({ type: 'answer', sdp: change(await answer.text()) });
  return caller;
}
const asItIs = (sdp) => sdp;
%s
</script>'''


def record(calls, seconds, begins_again=False):
    """Records what the script `calls` of a page does with `call`, which resolves to the caller's RTCPeerConnection.

    `begins_again`: a second after the call is up its called side begins a new handshake.
    """
    with BrowserLab('udp and host %s' % SERVER_IP) as lab:
        peer = PEER % {'begins_again': begins_again, 'address': SERVER_IP}
        lab.start(lab.server, '/usr/bin/python3', '-c', peer)
        time.sleep(2)
        # Without permission for a microphone a page learns of no address but that of the default route.
        sh('ip -n %s route add default via %s' % (lab.browser, SERVER_IP))
        lab.browse('http://127.0.0.1:8000/', '--disable-features=WebRtcHideLocalIpsWithMdns',
                   page=PAGE % (SERVER_IP, calls), seconds=seconds)
        lab.save()
