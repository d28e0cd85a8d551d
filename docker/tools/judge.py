"""
Looks at folders of evidence and prints, one line of JSON for each, what Wireshark and libsrtp
make of capture.pcapng and srtp-keys.json. Says what is there; whether that is right is for who asks.

    python3 judge.py FOLDER...
"""

import json
import os
import subprocess
import sys

from pylibsrtp import Error, Policy, Session

PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
WITHOUT_SECRETS = "/tmp/without-secrets.pcapng"


def tshark(capture, *args):
    """The lines tshark prints; what it says on stderr is for people."""
    done = subprocess.run(["tshark", "-r", capture, *args], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def methods(capture, tls_ports):
    """SIP methods in the capture. Which port of TLS carries SIP nobody tells a dissector."""
    decode = [part for port in tls_ports for part in ("-d", f"tls.port=={port},sip")]
    rows = tshark(capture, *decode, "-Y", "sip.Method", "-T", "fields", "-e", "sip.Method")
    return sorted({method for row in rows for method in row.split(",")})


def streams(capture):
    """RTP packets by sender: bytes from the header on. DTLS, RTCP and SIP leave themselves out."""
    found = {}
    for row in tshark(capture, "-Y", "udp", "-T", "fields", "-e", "udp.srcport", "-e", "udp.payload"):
        port, _, text = row.partition("\t")
        packet = bytes.fromhex(text.replace(":", ""))
        if len(packet) > 12 and packet[0] >> 6 == 2 and not 192 <= packet[1] <= 223:
            found.setdefault(int(port), []).append(packet)
    return found


def different(packets):
    """Share of audio payloads that differ from all before. A tone repeats itself, ciphertext never."""
    payloads = [packet[12:] for packet in packets if packet[1] & 0x7F == 0]
    return len(set(payloads)) / len(payloads) if payloads else None


def opened(packets, key):
    """The packets this key opens, decrypted."""
    policy = Policy(
        key=bytes.fromhex(key["master_key"] + key["master_salt"]),
        ssrc_type=Policy.SSRC_ANY_INBOUND,
        srtp_profile=PROFILES[key["suite"]],
    )
    session = Session(policy=policy)
    plain = []
    for packet in packets:
        try:
            plain.append(session.unprotect(packet))
        except Error:
            pass
    return plain


def look(folder):
    capture = os.path.join(folder, "capture.pcapng")
    subprocess.run(["editcap", "--discard-all-secrets", capture, WITHOUT_SECRETS], check=True, capture_output=True)
    tls_ports = {
        port
        for row in tshark(capture, "-Y", "tls", "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.dstport")
        for port in row.split("\t")
    }
    keys_file = os.path.join(folder, "srtp-keys.json")
    keys = []
    if os.path.exists(keys_file):
        with open(keys_file, encoding="utf8") as file:
            keys = json.load(file)["keys"]
    audio = []
    for packets in streams(capture).values():
        tries = [(key, opened(packets, key)) for key in keys]
        key, plain = max(tries, key=lambda one: len(one[1]), default=(None, []))
        audio.append(
            {
                "packets": len(packets),
                "different": different(packets),
                "opened": len(plain),
                "opened_different": different(plain),
                "suite": key["suite"] if plain else None,
                "from": key["from"] if plain else None,
            }
        )
    return {
        "folder": os.path.basename(folder),
        "tls": sorted(set(tshark(capture, "-Y", "tls.handshake.type==2", "-T", "fields", "-e", "tls.handshake.extensions.supported_version"))),
        "dtls": len(tshark(capture, "-Y", "dtls.handshake.type==11")),
        "methods": methods(capture, tls_ports),
        "methods_without_secrets": methods(WITHOUT_SECRETS, tls_ports),
        "streams": audio,
    }


for path in sys.argv[1:]:
    print(json.dumps(look(path)), flush=True)
