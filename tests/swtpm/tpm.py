# SPDX-License-Identifier: Apache-2.0
"""One command to a simulator, as another system on the machine would give it: tpm.py SOCKET extend N [DIGEST] |
pcr N | note | starts | forget OWNER | replace OWNER HEX | suspend | clear LOCKOUT"""
import hashlib
import socket
import struct
import sys

NO_SESSIONS, SESSIONS = 0x8001, 0x8002
SHA256 = 0x000B


def password(value):
    return struct.pack(">IIHBH", 9 + len(value), 0x40000009, 0, 0, len(value)) + value


EMPTY_AUTH = password(b"")
OWNER, STARTS, NOTE = 0x40000001, 0x01834648, 0x0183464A


def command(line, tag, code, body):
    line.sendall(struct.pack(">HII", tag, 10 + len(body), code) + body)
    answer = line.recv(4096)
    status = struct.unpack(">I", answer[6:10])[0]
    if status != 0:
        sys.exit(f"tpm.py: command {code:#x}: {status:#x}")
    return answer[10:]


def selection(pcr):
    bits = bytearray(3)
    bits[pcr // 8] |= 1 << pcr % 8
    return struct.pack(">IHB", 1, SHA256, 3) + bytes(bits)


def extend(line, pcr, digest=b"\x07" * 32):
    digests = struct.pack(">IH", 1, SHA256) + digest
    command(line, SESSIONS, 0x182, struct.pack(">I", pcr) + EMPTY_AUTH + digests)


def read_pcr(line, pcr):
    print(command(line, NO_SESSIONS, 0x17E, selection(pcr))[-32:].hex())


def read_note(line):
    """By a policy session, with no authorisation at all."""
    index, session_kind_policy = NOTE, 1
    nonce = struct.pack(">H", 16) + bytes(16)
    start = struct.pack(">II", 0x40000007, 0x40000007) + nonce + struct.pack(">HBHH", 0, session_kind_policy, 0x0010, SHA256)
    session = command(line, NO_SESSIONS, 0x176, start)[:4]
    command(line, NO_SESSIONS, 0x16C, session + struct.pack(">I", 0x14E))
    auth = struct.pack(">I", 9) + session + struct.pack(">HBH", 0, 0, 0)
    answer = command(line, SESSIONS, 0x14E, struct.pack(">II", index, index) + auth + struct.pack(">HH", 56, 0))
    print(answer[6:62].hex())


def read_starts(line):
    answer = command(line, SESSIONS, 0x14E, struct.pack(">II", STARTS, STARTS) + EMPTY_AUTH + struct.pack(">HH", 8, 0))
    print(answer[6:14].hex())


def forget_note(line, owner):
    command(line, SESSIONS, 0x122, struct.pack(">II", OWNER, NOTE) + password(owner))


def replace_note(line, owner, value):
    """With an index of the same kind, whose authorisation is not the device's."""
    authwrite, policyread, no_da = 1 << 2, 1 << 19, 1 << 25
    policy = hashlib.sha256(bytes(32) + struct.pack(">II", 0x16C, 0x14E)).digest()
    kind = struct.pack(">IHI", NOTE, SHA256, authwrite | policyread | no_da)
    public = kind + struct.pack(">H", len(policy)) + policy + struct.pack(">H", len(value))
    forget_note(line, owner)
    command(line, SESSIONS, 0x12A, struct.pack(">I", OWNER) + password(owner) + struct.pack(">HH", 0, len(public)) + public)
    body = struct.pack(">H", len(value)) + value + struct.pack(">H", 0)
    command(line, SESSIONS, 0x137, struct.pack(">II", NOTE, NOTE) + EMPTY_AUTH + body)


def main():
    line = socket.socket(socket.AF_UNIX)
    line.connect(sys.argv[1])
    verb = sys.argv[2]
    if verb == "extend":
        extend(line, int(sys.argv[3]), *(bytes.fromhex(word) for word in sys.argv[4:]))
    elif verb == "pcr":
        read_pcr(line, int(sys.argv[3]))
    elif verb == "note":
        read_note(line)
    elif verb == "starts":
        read_starts(line)
    elif verb == "forget":
        forget_note(line, bytes.fromhex(sys.argv[3]))
    elif verb == "replace":
        replace_note(line, bytes.fromhex(sys.argv[3]), bytes.fromhex(sys.argv[4]))
    elif verb == "suspend":  # TPM2_Shutdown(TPM_SU_STATE): what follows is no reset, but a restart
        command(line, NO_SESSIONS, 0x145, struct.pack(">H", 1))
    elif verb == "clear":
        command(line, SESSIONS, 0x126, struct.pack(">I", 0x4000000A) + password(bytes.fromhex(sys.argv[3])))
    else:
        sys.exit(f"tpm.py: {verb}?")


main()
