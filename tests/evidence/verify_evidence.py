#!/usr/bin/env python3
"""Verifies a directory of evidence from the formats alone (protos/README.md, "Evidence").

Usage: verify_evidence.py DIR --roots FILE --policy FILE [--crl FILE]

Python's standard library and the `openssl` command; no code of the project runs. Roots and log policy
are the caller's, never the directory's own. Exit: 0 everything held, 6 something did not and is
named, 2 wrong usage.
"""
import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile

HEADER = "application/vnd.waystation.header.v1+protobuf"
BATCH = "application/vnd.waystation.batch.v1+protobuf"
CUSTODY = "application/vnd.waystation.custody-receipt.v1+protobuf"
DELIVERY = "application/vnd.waystation.delivery-receipt.v1+protobuf"

# Field numbers of the .proto files; "*" marks a repeated field, "#" a number.
FIELDS = {
    "Header": {1: "id", 2: "source", 3: "type", 4: "time", 5: "datacontenttype", 6: "subject",
               7: "recipients*", 8: "ordering_key", 9: "not_before", 10: "expire_time",
               11: "in_reply_to", 12: "traceparent", 13: "payload_sha256", 14: "payload_size#",
               15: "referral"},
    "ReferralHeader": {1: "referral_id", 2: "transition#", 3: "expected_version#",
                       4: "scope_version#", 5: "due_time", 6: "parent_commitment",
                       7: "replaces_commitment"},
    "Signature": {1: "certificate_sha256", 2: "signature", 3: "batch"},
    "BatchProof": {1: "statement", 2: "leaf_index#", 3: "path"},
    "BatchStatement": {1: "signer", 2: "size#", 3: "root", 4: "time"},
    "CustodyReceipt": {1: "message_id", 2: "envelope_hash", 3: "sequence#", 4: "accept_time",
                       5: "certificate_sha256", 6: "crl_number#", 7: "policy_version#",
                       8: "bus_id"},
    "DeliveryReceipt": {1: "message_id", 2: "envelope_hash", 3: "recipient", 4: "outcome#",
                        5: "attempt#", 6: "time"},
    "LogLeaf": {1: "version#", 2: "sequence#", 3: "time_us#", 4: "kind#", 5: "record_sha256",
                6: "evidence_sha256"},
    "Timestamp": {1: "seconds#", 2: "nanos#"},
}
NESTED = {("Header", "time"): "Timestamp", ("Header", "not_before"): "Timestamp",
          ("Header", "expire_time"): "Timestamp", ("Header", "referral"): "ReferralHeader",
          ("ReferralHeader", "due_time"): "Timestamp", ("Signature", "batch"): "BatchProof",
          ("BatchStatement", "time"): "Timestamp", ("CustodyReceipt", "accept_time"): "Timestamp",
          ("DeliveryReceipt", "time"): "Timestamp"}

ACCEPTED, DELIVERED = 5, 7  # Kinds of a leaf.
FIXED = {"checkpoint", "log-policy", "roots.pem", "crl.pem"}
MESSAGE_FILES = {"leaf.bin", "salt.bin", "leaf.tlog-proof", "header.bin", "signature.bin",
                 "custody-receipt.bin", "custody-signature.bin"}

# The table of referrals: transition -> (who, states from which, state after).
NEW, REQUESTED, RECEIVED, TAKEN_UP, ON_HOLD, CANCEL_ASKED, RETURNED, ANSWERED, CANCELLED, EXPIRED, \
    IN_ERROR = range(11)
OPEN = {REQUESTED, RECEIVED, TAKEN_UP, ON_HOLD, CANCEL_ASKED}
NOT_IN_ERROR = OPEN | {RETURNED, ANSWERED, CANCELLED, EXPIRED}
SAME, FORMER = "same", "former"
REQUEST, CHANGE_SCOPE, SCOPE_CONFIRMED, RETAINED_UNDER = 1, 11, 12, 13
STEPS = {
    REQUEST: ("requester", {NEW}, REQUESTED),
    2: ("target", {REQUESTED, RECEIVED}, TAKEN_UP),
    3: ("target", {REQUESTED, RECEIVED, TAKEN_UP, ON_HOLD}, RETURNED),
    4: ("target", {TAKEN_UP}, ON_HOLD),
    5: ("target", {ON_HOLD}, TAKEN_UP),
    6: ("target", {TAKEN_UP, CANCEL_ASKED}, ANSWERED),
    7: ("requester", {REQUESTED}, CANCELLED),
    8: ("requester", {RECEIVED, TAKEN_UP, ON_HOLD}, CANCEL_ASKED),
    9: ("target", {CANCEL_ASKED}, CANCELLED),
    10: ("target", {CANCEL_ASKED}, FORMER),
    CHANGE_SCOPE: ("requester", OPEN, SAME),
    SCOPE_CONFIRMED: ("target", NOT_IN_ERROR, SAME),
    RETAINED_UNDER: ("target", NOT_IN_ERROR, SAME),
    14: ("requester", NOT_IN_ERROR, IN_ERROR),
}


class Refused(Exception):
    """Something does not hold; the text names the file."""


def require(holds, where, problem):
    if not holds:
        raise Refused("%s: %s" % (where, problem))


def sha256(data):
    return hashlib.sha256(data).digest()


# --- Protobuf, read strictly.

def varint(data, at, where):
    value = shift = 0
    while True:
        require(at < len(data) and shift < 70, where, "number is cut off or too long")
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            require(byte != 0 or shift == 7, where, "number is padded")
            return value, at


def parse(message, data, where, one_form=False):
    """{field: value}; nothing unknown, doubled or defaulted. `one_form`: fields in order too."""
    fields, at, out, last = FIELDS[message], 0, {}, 0
    while at < len(data):
        tag, at = varint(data, at, where)
        number, wire = tag >> 3, tag & 7
        if message == "CustodyReceipt" and number not in fields and wire in (0, 2):
            # A newer broker may say more, under the same signature.
            value, at = varint(data, at, where)
            at += value if wire == 2 else 0
            continue
        require(number in fields, where, "unknown field %d" % number)
        name = fields[number]
        require(wire == (0 if name.endswith("#") else 2), where, "%s: wire type" % name)
        require(not one_form or number >= last, where, "fields out of order")
        last = number
        value, at = varint(data, at, where)
        if wire == 2:
            require(at + value <= len(data), where, "%s is cut off" % name)
            value, at = data[at:at + value], at + value
        if name.endswith("*"):
            out.setdefault(name[:-1], []).append(value)
            continue
        name = name.rstrip("#")
        require(name not in out, where, "%s stands there twice" % name)
        inner = NESTED.get((message, name))
        # A nested message may be empty, a plain field that is written never is.
        require(inner or value not in (0, b""), where, "%s: a default written out" % name)
        out[name] = parse(inner, value, where, one_form) if inner else value
    return out


def text(value, where):
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("%s: no UTF-8" % where) from None


def micros(timestamp):
    return timestamp.get("seconds", 0) * 1000000 + timestamp.get("nanos", 0) // 1000


# --- Hashes and trees.

def pae(content_type, content):
    return b"DSSEv1 %d %s %d %s" % (len(content_type), content_type.encode(), len(content), content)


def leaf_hash(data):
    return sha256(b"\x00" + data)


def root_from_path(leaf, index, size, path):
    """RFC 9162 2.1.3.2; None where the path cannot be of that size."""
    if index >= size:
        return None
    fn, sn, root = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return None
        if fn % 2 or fn == sn:
            root = sha256(b"\x01" + sibling + root)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = sha256(b"\x01" + root + sibling)
        fn, sn = fn >> 1, sn >> 1
    return root if sn == 0 else None


def pieces(data):
    return [data[at:at + 32] for at in range(0, len(data), 32)]


def strict_base64(line, where):
    try:
        data = base64.b64decode(line, validate=True)
    except ValueError:
        raise Refused("%s: no base64" % where) from None
    require(base64.b64encode(data).decode() == line, where, "base64 is not in its one form")
    return data


# --- The openssl command.

class OpenSsl:
    def __init__(self, folder):
        self.folder = folder

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def run(self, *arguments):
        done = subprocess.run(("openssl",) + arguments, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        return done.stdout if done.returncode == 0 else None

    def ed25519(self, key, data, signature):
        der = bytes.fromhex("302a300506032b6570032100") + key
        return self.run("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
                        "-inkey", self.write("ed25519.der", der), "-in", self.write("data", data),
                        "-sigfile", self.write("signature", signature)) is not None

    def ecdsa(self, key_der, data, signature):
        return self.run("dgst", "-sha256", "-keyform", "DER", "-verify",
                        self.write("ecdsa.der", key_der), "-signature",
                        self.write("signature", signature),
                        self.write("data", data)) is not None


# --- The log: policy, checkpoint, proof.

class Policy:
    """c2sp.org/tlog-policy."""

    def __init__(self, data):
        self.logs, self.cosigners, self.groups, self.quorum = [], {}, {}, None
        for line in data.decode().splitlines():
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "log":
                self.logs.append(self.key(words[1]))
            elif words[0] == "witness":
                self.cosigners[words[1]] = self.key(words[2])
            elif words[0] == "group":
                wanted = {"all": len(words) - 3, "any": 1}.get(words[2]) or int(words[2])
                self.groups[words[1]] = (wanted, words[3:])
            elif words[0] == "quorum":
                self.quorum = words[1]
            else:
                raise ValueError("log policy: unknown word %r" % words[0])
        if not self.logs or self.quorum is None:
            raise ValueError("log policy: no log or no quorum")

    @staticmethod
    def key(vkey):
        """(name, key id, type, key)."""
        name, key_id, key = vkey.split("+", 2)
        data = base64.b64decode(key)
        if data[0] == 2:
            made = sha256(data[1:])[:4]
        else:
            made = sha256(name.encode() + b"\n" + data)[:4]
        if made.hex() != key_id:
            raise ValueError("log policy: key id of %s" % name)
        return name, made, data[0], data[1:]

    def holds(self, name, cosigned):
        if name == "none":
            return True
        if name not in self.groups:
            return name in cosigned
        wanted, members = self.groups[name]
        return sum(self.holds(member, cosigned) for member in members) >= wanted


class Checkpoint:
    """The cosigned head of the log."""

    def __init__(self, data, policy, openssl):
        where = "checkpoint"
        note = text(data, where)
        require("\n\n" in note and note.endswith("\n"), where, "no signed note")
        body, lines = note.rsplit("\n\n", 1)
        self.text = (body + "\n").encode()
        self.signatures = [self.line(line, where) for line in lines.splitlines()]
        parts = body.split("\n")
        require(len(parts) == 3 and re.fullmatch("0|[1-9][0-9]*", parts[1]), where,
                "want origin, size and root")
        self.origin, self.size = parts[0], int(parts[1])
        self.root = strict_base64(parts[2], where)
        self.check(policy, openssl, where)

    @staticmethod
    def line(line, where):
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        require(match, where, "malformed signature line")
        data = strict_base64(match[2], where)
        require(len(data) > 4, where, "signature line without signature")
        return match[1], data[:4], data[4:]

    def check(self, policy, openssl, where):
        signed = False
        for name, key_id, kind, key in policy.logs:
            require(name == self.origin, where, "of another log: %s" % self.origin)
            for signature in self.of(name, key_id):
                good = (openssl.ecdsa if kind == 2 else openssl.ed25519)(key, self.text, signature)
                require(good, where, "the log's signature does not verify")
                signed = True
        require(signed, where, "not signed by the log")
        self.cosigned = {}
        for short, (name, key_id, _, key) in policy.cosigners.items():
            for signature in self.of(name, key_id):
                seconds = int.from_bytes(signature[:8], "big")
                said = b"cosignature/v1\ntime %d\n" % seconds + self.text
                if len(signature) == 72 and openssl.ed25519(key, said, signature[8:]):
                    self.cosigned[short] = seconds
        require(policy.holds(policy.quorum, self.cosigned), where,
                "no quorum, cosigned by %s" % (" ".join(self.cosigned) or "nobody"))

    def of(self, name, key_id):
        return [s for n, i, s in self.signatures if n == name and i == key_id]


def check_inclusion(proof, leaf, checkpoint_bytes, checkpoint, where):
    """c2sp.org/tlog-proof@v1; returns the index."""
    head, found, tail = proof.partition(b"\n\n")
    require(found and tail == checkpoint_bytes, where, "not of the file checkpoint")
    lines = text(head, where).split("\n")
    require(lines[0] == "c2sp.org/tlog-proof@v1", where, "unknown first line")
    rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
    require(rest and re.fullmatch("index (0|[1-9][0-9]*)", rest[0]), where, "no index")
    index = int(rest[0][6:])
    path = [strict_base64(line, where) for line in rest[1:]]
    require(all(len(sibling) == 32 for sibling in path), where, "a hash is not 32 bytes")
    require(root_from_path(leaf_hash(leaf), index, checkpoint.size, path) == checkpoint.root, where,
            "does not lead to the checkpoint's root")
    return index


# --- Certificates.

def openssl_time(words):
    parsed = datetime.datetime.strptime(words, "%b %d %H:%M:%S %Y GMT")
    return int(parsed.replace(tzinfo=datetime.timezone.utc).timestamp())


class RevocationList:
    def __init__(self, pem, roots, openssl):
        path = openssl.write("crl.pem", pem)
        done = subprocess.run(("openssl", "crl", "-in", path, "-CAfile", roots, "-noout"),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        require(done.returncode == 0 and b"verify OK" in done.stdout, "crl.pem",
                "not signed by the roots")
        shown = openssl.run("crl", "-in", path, "-noout", "-text").decode()
        match = re.search(r"X509v3 CRL Number: *\n *([0-9]+|0x[0-9A-Fa-f]+)", shown)
        require(match, "crl.pem", "has no number")
        self.number = int(match[1], 0)
        self.next_update = openssl_time(re.search("Next Update: (.*)", shown)[1])
        self.revoked = {int(serial, 16): openssl_time(when) for serial, when in re.findall(
            r"Serial Number: ([0-9A-Fa-f]+)\n *Revocation Date: (.*)", shown)}


class Certificates:
    """What signs, by SHA-256 of its DER."""

    def __init__(self, files, roots, crl_pem, openssl):
        self.openssl = openssl
        self.roots = openssl.write("roots.pem", roots)
        self.crls = [RevocationList(pem, self.roots, openssl) for pem in re.findall(
            b"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----\n?", crl_pem, re.DOTALL)]
        require(self.crls, "crl.pem", "no revocation list")
        self.number = max(crl.number for crl in self.crls)
        self.pems, self.used, self.shown = {}, set(), {}
        for path, pem in files.items():
            if not path.startswith("certificates/"):
                continue
            der = self.der(pem, path)
            require(path == "certificates/%s.pem" % sha256(der).hex(), path,
                    "not the certificate of its name")
            self.pems[sha256(der)] = pem

    @staticmethod
    def der(pem, path):
        try:
            der = ssl.PEM_cert_to_DER_cert(pem.decode())
        except ValueError:
            raise Refused("%s: no certificate" % path) from None
        require(ssl.DER_cert_to_PEM_cert(der).encode() == pem, path, "not in its one form")
        return der

    def show(self, digest):
        """(identities, is for signing, serial, public key)."""
        if digest not in self.shown:
            path = self.openssl.write("certificate.pem", self.pems[digest])
            shown = self.openssl.run("x509", "-in", path, "-noout", "-text").decode()
            serial = self.openssl.run("x509", "-in", path, "-noout", "-serial").decode()
            key = self.openssl.write("key.pem",
                                     self.openssl.run("x509", "-in", path, "-noout", "-pubkey"))
            usage = re.search(r"X509v3 Key Usage:.*\n *(.*)", shown)
            self.shown[digest] = (re.findall(r"URI:([^\s,]+)", shown),
                                  bool(usage) and usage[1].strip() == "Digital Signature" and
                                  "Extended Key Usage" not in shown,
                                  int(serial.strip().split("=")[1], 16),
                                  self.openssl.run("pkey", "-pubin", "-in", key, "-outform", "DER"))
        return self.shown[digest]

    def key(self, digest, signer, at_us, where):
        """The public key, if the certificate is the signer's and was good at that time."""
        require(digest in self.pems, where, "its certificate is not there")
        self.used.add(digest)
        identities, signs, serial, key = self.show(digest)
        require(identities == [signer] and signs, where, "certificate is not the signer's")
        at = at_us // 1000000
        path = self.openssl.write("certificate.pem", self.pems[digest])
        require(self.openssl.run("verify", "-attime", str(at), "-CAfile", self.roots, "-no-CApath",
                                 "-no-CAstore", path) is not None, where,
                "certificate of %s was not good" % signer)
        for crl in self.crls:
            require(crl.next_update >= at, where, "revocation list was out of date")
            require(crl.revoked.get(serial, at + 1) > at, where, "certificate was revoked")
        return key


# --- The referral's way.

class Walk:
    def __init__(self):
        self.state = self.former = NEW
        self.version, self.scope, self.unanswered = 0, 1, False
        self.requester = self.target = self.request_id = None
        self.expire_us = None

    def message(self, header, where):
        step = header["referral"]
        kind = step.get("transition", 0)
        require(kind in STEPS, where, "no step that a message takes")
        who, states, after = STEPS[kind]
        source, first = header["source"], header["recipients"][0]
        if self.version == 0:
            require(kind == REQUEST, where, "the first step is no request")
            self.requester, self.target, self.request_id = source, first, header["id"]
            self.expire_us = micros(header["expire_time"]) if "expire_time" in header else None
        party, other = ((self.requester, self.target) if who == "requester"
                        else (self.target, self.requester))
        require(source == party and self.state in states, where, "a step that the table lacks")
        require(first == other, where, "first recipient is not the other party")
        require(step.get("expected_version", 0) == self.version, where,
                "version does not fit, or a step is missing before it")
        require(step.get("scope_version", 0) == self.scope + (kind == CHANGE_SCOPE), where,
                "scope version does not fit")
        require("due_time" not in step or who == "requester", where, "due time set by the target")
        if kind in (SCOPE_CONFIRMED, RETAINED_UNDER):
            require(self.unanswered, where, "scope answered twice")
            self.unanswered = False
        if kind == CHANGE_SCOPE:
            self.scope, self.unanswered = self.scope + 1, True
        self.move(after)

    def received(self, recipient, message_id):
        if (recipient, message_id) == (self.target, self.request_id) and self.state == REQUESTED:
            self.move(RECEIVED)

    def expired(self, time_us):
        require(self.state in (REQUESTED, RECEIVED), "manifest.json", "expiry does not fit")
        require(self.expire_us is not None and time_us >= self.expire_us, "manifest.json",
                "expired before its time")
        self.move(EXPIRED)

    def move(self, after):
        if after == CANCEL_ASKED:
            self.former = self.state
        if after != SAME:
            self.state = self.former if after == FORMER else after
        self.version += 1


# --- The directory.

def read_directory(directory):
    files = {}
    for top, folders, names in os.walk(directory):
        for name in names + [n for n in folders if os.path.islink(os.path.join(top, n))]:
            path = os.path.join(top, name)
            short = os.path.relpath(path, directory).replace(os.sep, "/")
            require(os.path.isfile(path) and not os.path.islink(path), short, "not a plain file")
            with open(path, "rb") as file:
                files[short] = file.read()
    require("manifest.json" in files, "manifest.json", "missing")
    try:
        manifest = json.loads(files.pop("manifest.json"))
        listed = [(file["path"], file["sha256"]) for file in manifest["files"]]
        known = {"format", "bus_id", "referral_id", "broker", "files", "expired"}
        require(set(manifest) <= known and manifest["format"] == "waystation-evidence/1",
                "manifest.json", "unknown format")
        require(all(isinstance(manifest[name], str) for name in ("bus_id", "referral_id",
                                                                 "broker")),
                "manifest.json", "malformed")
    except (ValueError, KeyError, TypeError):
        raise Refused("manifest.json: malformed") from None
    require(len(dict(listed)) == len(listed), "manifest.json", "a file stands twice")
    for path, digest in listed:
        require(path in files, path, "missing")
        require(sha256(files[path]).hex() == digest, path, "not the file of the manifest")
    for path in files:
        require(path in dict(listed), path, "not in the manifest")
        require(path in FIXED or path.startswith(("records/", "certificates/")), path,
                "no file of the format")
    for path in FIXED:
        require(path in files, path, "missing")
    return manifest, files


def read_records(files):
    """{sequence: {file name: bytes}}, in order."""
    records = {}
    for path, data in files.items():
        if path.startswith("records/"):
            match = re.fullmatch("records/([0-9]{12,})/([^/]+)", path)
            require(match and "%012d" % int(match[1]) == match[1], path, "belongs to no record")
            records.setdefault(int(match[1]), {})[match[2]] = data
    require(records, "records", "none")
    for sequence, record in records.items():
        wanted = MESSAGE_FILES
        if "header.bin" not in record:
            count = max(1, sum(bool(re.fullmatch("delivery-[0-9]+.bin", name)) for name in record))
            wanted = {"leaf.bin", "salt.bin", "leaf.tlog-proof"}
            for number in range(1, count + 1):
                wanted |= {"delivery-%d.bin" % number, "delivery-%d-signature.bin" % number}
        for name in sorted(wanted ^ set(record)):
            raise Refused("records/%012d/%s: missing or of no record" % (sequence, name))
    return dict(sorted(records.items()))


class Verifier:
    def __init__(self, manifest, files, certificates, checkpoint, openssl):
        self.manifest, self.files, self.certificates = manifest, files, certificates
        self.checkpoint, self.openssl = checkpoint, openssl
        self.walk, self.messages = Walk(), {}
        self.last_time = self.next_index = 0
        self.lines = []

    def run(self):
        broker = self.manifest["broker"]
        require(re.match("spiffe://[^/]+/broker/", broker), "manifest.json", "broker is none")
        expired = self.manifest.get("expired")
        for sequence, record in read_records(self.files).items():
            if expired and int(expired["sequence"]) < sequence:
                self.walk.expired(int(expired["time_us"]))
                expired = None
            self.record(sequence, record, "records/%012d/" % sequence)
        if expired:
            self.walk.expired(int(expired["time_us"]))
        for digest in self.certificates.pems:
            require(digest in self.certificates.used, "certificates/%s.pem" % digest.hex(),
                    "no signature names it")

    def record(self, sequence, record, where):
        leaf = parse("LogLeaf", record["leaf.bin"], where + "leaf.bin", one_form=True)
        is_message = "header.bin" in record
        require(leaf.get("version") == 1 and leaf.get("sequence") == sequence and
                leaf.get("kind") == (ACCEPTED if is_message else DELIVERED) and
                len(leaf.get("record_sha256", b"")) == 32, where + "leaf.bin", "not of this record")
        time_us = leaf.get("time_us", 0)
        signed = (self.message if is_message else self.deliveries)(sequence, record, time_us, where)
        require(len(record["salt.bin"]) == 16, where + "salt.bin", "not 16 bytes")
        require(leaf.get("evidence_sha256") == sha256(record["salt.bin"] + leaf_hash(signed)),
                where + "leaf.bin", "commits to other evidence")
        index = check_inclusion(record["leaf.tlog-proof"], record["leaf.bin"],
                                self.files["checkpoint"], self.checkpoint,
                                where + "leaf.tlog-proof")
        require(time_us >= self.last_time and index >= self.next_index, where + "leaf.bin",
                "out of order")
        self.last_time, self.next_index = time_us, index + 1
        self.lines.append("%d  leaf %d  state %d" % (sequence, index, self.walk.state))

    def signature(self, content_type, content, data, signer, at_us, where):
        """Verifies one signature, alone or in a batch; returns it."""
        signature = parse("Signature", data, where, one_form=True)
        digest, der = signature.get("certificate_sha256", b""), signature.get("signature", b"")
        require(0 < len(der) <= 72, where, "no signature")
        key = self.certificates.key(digest, signer, at_us, where)
        said = pae(content_type, content)
        if "batch" in signature:
            batch = signature["batch"]
            statement = parse("BatchStatement", batch.get("statement", b""), where)
            path = batch.get("path", b"")
            require(text(statement.get("signer", b""), where) == signer and "time" in statement and
                    1 <= statement.get("size", 0) <= 1024, where, "statement of another")
            require(len(path) <= 320 and len(path) % 32 == 0 and
                    root_from_path(leaf_hash(said), batch.get("leaf_index", 0), statement["size"],
                                   pieces(path)) == statement.get("root"), where,
                    "not in the signed batch")
            said = pae(BATCH, batch["statement"])
        require(self.openssl.ecdsa(key, said, der), where, "does not verify")
        return signature

    def header(self, data, where):
        header = parse("Header", data, where)
        for name in ("id", "source", "recipients", "referral"):
            require(name in header, where, "no %s" % name)
        header["id"], header["source"] = text(header["id"], where), text(header["source"], where)
        header["recipients"] = [text(name, where) for name in header["recipients"]]
        return header

    def message(self, sequence, record, time_us, where):
        name = where + "header.bin"
        header = self.header(record["header.bin"], name)
        signature = self.signature(HEADER, record["header.bin"], record["signature.bin"],
                                   header["source"], time_us, where + "signature.bin")
        require(header["referral"].get("referral_id", b"").hex() == self.manifest["referral_id"],
                name, "of another referral")
        envelope_hash = sha256(pae(HEADER, record["header.bin"]))
        self.custody(sequence, record, time_us, where, (header, envelope_hash, signature))
        self.walk.message(header, name)
        self.messages[header["id"]] = (header, envelope_hash)
        return pae(CUSTODY, record["custody-receipt.bin"])

    def custody(self, sequence, record, time_us, where, message):
        header, envelope_hash, signature = message
        name = where + "custody-receipt.bin"
        receipt = parse("CustodyReceipt", record["custody-receipt.bin"], name)
        self.signature(CUSTODY, record["custody-receipt.bin"], record["custody-signature.bin"],
                       self.manifest["broker"], time_us, where + "custody-signature.bin")
        require(receipt.get("message_id") == header["id"].encode() and
                receipt.get("envelope_hash") == envelope_hash, name, "for another message")
        require(receipt.get("sequence") == sequence and
                micros(receipt.get("accept_time", {})) == time_us, name, "for another record")
        require(receipt.get("certificate_sha256") == signature["certificate_sha256"] and
                receipt.get("bus_id", b"").hex() == self.manifest["bus_id"], name,
                "of another certificate or bus")
        require(receipt.get("crl_number", 0) <= self.certificates.number, name,
                "a newer revocation list was in force than the one at hand")

    def deliveries(self, sequence, record, time_us, where):
        statements = set()
        number = 1
        while "delivery-%d.bin" % number in record:
            name = where + "delivery-%d.bin" % number
            data = record["delivery-%d.bin" % number]
            receipt = parse("DeliveryReceipt", data, name)
            recipient = text(receipt.get("recipient", b""), name)
            message_id = text(receipt.get("message_id", b""), name)
            require(message_id in self.messages, name, "for no earlier message of this evidence")
            header, envelope_hash = self.messages[message_id]
            require(receipt.get("envelope_hash") == envelope_hash and
                    recipient in header["recipients"] and 1 <= receipt.get("outcome", 0) <= 3 and
                    receipt.get("attempt", 0) > 0 and "time" in receipt, name, "does not fit")
            signature = self.signature(DELIVERY, data,
                                       record["delivery-%d-signature.bin" % number], recipient,
                                       time_us, where + "delivery-%d-signature.bin" % number)
            statements.add(signature.get("batch", {}).get("statement", b""))
            self.walk.received(recipient, message_id)
            number += 1
        require(len(statements) == 1, where + "delivery-1-signature.bin", "several batches")
        return pae(BATCH, statements.pop())


def verify(directory, roots, policy, crl=None):
    """Lines that tell what held. Raises Refused."""
    manifest, files = read_directory(directory)
    with tempfile.TemporaryDirectory() as folder:
        openssl = OpenSsl(folder)
        checkpoint = Checkpoint(files["checkpoint"], Policy(policy), openssl)
        certificates = Certificates(files, roots, crl or files["crl.pem"], openssl)
        verifier = Verifier(manifest, files, certificates, checkpoint, openssl)
        verifier.run()
    return verifier.lines + ["checkpoint: %s, %d leaves; cosigned by %s" % (
        checkpoint.origin, checkpoint.size, ", ".join(checkpoint.cosigned))]


def main():
    parser = argparse.ArgumentParser(description="Verifies evidence from the formats alone.")
    parser.add_argument("directory")
    parser.add_argument("--roots", required=True)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--crl")
    options = parser.parse_args()
    read = {}
    for name in ("roots", "policy", "crl"):
        path = getattr(options, name)
        if path:
            with open(path, "rb") as file:
                read[name] = file.read()
    try:
        lines = verify(options.directory, read["roots"], read["policy"], read.get("crl"))
    except Refused as refused:
        print("verify_evidence: %s" % refused, file=sys.stderr)
        return 6
    print("\n".join(lines + ["verified"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
