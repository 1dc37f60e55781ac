"""Two peer connections of one page, which see each other through coturn only."""

import time

from browser_lab import SERVER_IP, BrowserLab

PAGE = '''<!doctype html><script>
const servers = [{ urls: 'turn:%s:3478?transport=%s', username: 'user', credential: 'secret' }];
const peers = [0, 1].map(() => new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: 'relay' }));
const [caller, callee] = peers;
caller.onicecandidate = ({ candidate }) => candidate && callee.addIceCandidate(candidate);
callee.onicecandidate = ({ candidate }) => candidate && caller.addIceCandidate(candidate);
(async () => {
  const audio = new AudioContext();
  const target = audio.createMediaStreamDestination();
  const tone = audio.createOscillator();
  tone.connect(target);
  tone.start();
  caller.addTrack(target.stream.getAudioTracks()[0], target.stream);
  const channel = caller.createDataChannel('x');
  callee.ondatachannel = ({ channel }) => { channel.onmessage = () => channel.send('answer'); };
  channel.onopen = () => channel.send('request');
  channel.onmessage = () => setTimeout(() => peers.forEach((peer) => peer.close()), 300);
  await caller.setLocalDescription(await caller.createOffer());
  await callee.setRemoteDescription(caller.localDescription);
  await callee.setLocalDescription(await callee.createAnswer());
  await caller.setRemoteDescription(callee.localDescription);
})();
</script>'''


def record(transport):
    """Records what passes between browser and relay over `transport`, udp or tcp."""
    with BrowserLab(transport + ' port 3478') as lab:
        lab.start(lab.server, 'turnserver', '-n', '--listening-ip=' + SERVER_IP, '--relay-ip=' + SERVER_IP,
                  '--lt-cred-mech', '--user=user:secret', '--realm=example.org', '--no-cli', '--no-tls', '--no-dtls',
                  '--log-file=stdout', '--pidfile=' + lab.path('turn.pid'))
        time.sleep(2)
        lab.browse('http://127.0.0.1:8000/', page=PAGE % (SERVER_IP, transport), seconds=8)
        lab.save()
