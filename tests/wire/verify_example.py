#!/usr/bin/env python3
"""Verifies the worked example of protos/README.md from the formats alone.

Usage: verify_example.py README

Reads the named fences of the README and nothing else: with a protobuf reader of its own, hashes of
the standard library, and the `openssl` command for certificates, ECDSA and CMS. No code of the
project runs, so that what passes here is what the README says.
"""
import base64
import hashlib
import os
import re
import subprocess
import sys
import tempfile

HEADER = "application/vnd.waystation.header.v1+protobuf"
BATCH = "application/vnd.waystation.batch.v1+protobuf"
CUSTODY = "application/vnd.waystation.custody-receipt.v1+protobuf"
DELIVERY = "application/vnd.waystation.delivery-receipt.v1+protobuf"
DOMAIN = "spiffe://waystation.example"
DOJ, INS, BROKER = DOMAIN + "/agency/doj", DOMAIN + "/agency/ins", DOMAIN + "/broker/1"

# Field numbers of message.proto; "*" marks a repeated field.
FIELDS = {
    "Header": {1: "id", 2: "source", 3: "type", 4: "time", 5: "datacontenttype", 6: "subject",
               7: "recipients*", 8: "ordering_key", 9: "not_before", 10: "expire_time",
               11: "in_reply_to", 12: "traceparent", 13: "payload_sha256", 14: "payload_size",
               15: "referral"},
    "ReferralHeader": {1: "referral_id", 2: "transition", 3: "expected_version",
                       4: "scope_version", 5: "due_time", 6: "parent_commitment",
                       7: "replaces_commitment"},
    "Signature": {1: "certificate_sha256", 2: "signature", 3: "batch"},
    "BatchProof": {1: "statement", 2: "leaf_index", 3: "path"},
    "BatchStatement": {1: "signer", 2: "size", 3: "root", 4: "time"},
    "CustodyReceipt": {1: "message_id", 2: "envelope_hash", 3: "sequence", 4: "accept_time",
                       5: "certificate_sha256", 6: "crl_number", 7: "policy_version",
                       8: "bus_id"},
    "DeliveryReceipt": {1: "message_id", 2: "envelope_hash", 3: "recipient", 4: "outcome",
                        5: "attempt", 6: "time"},
    "ReceiptBatch": {1: "statement", 2: "signature", 3: "certificate_sha256", 4: "receipts*"},
    "CaseContent": {1: "sender", 2: "recipients*", 3: "referral_id", 4: "transition",
                    5: "from_unit", 6: "to_unit", 7: "officials*", 8: "disclosure_basis",
                    9: "person", 10: "due_basis", 14: "body"},
    "Timestamp": {1: "seconds", 2: "nanos"},
}

checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        sys.exit("verify_example: %s: does not hold" % what)


def sha256(data):
    return hashlib.sha256(data).digest()


# --- Reading.

def read_fences(markdown):
    fences = {}
    for kind, name, text in re.findall(r"^```(hex|pem|text) (\S+)\n(.*?)^```$", markdown,
                                       re.MULTILINE | re.DOTALL):
        check((kind, name) not in fences, "fence %s stands there once" % name)
        fences[kind, name] = text
    return fences


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            # A last byte of zero pads the number.
            check(byte != 0 or shift == 7, "varint is the shortest")
            return value, at


def parse(message, data):
    """Reads a message strictly: known fields, each once, no default written out."""
    fields, at, out = FIELDS[message], 0, {}
    while at < len(data):
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        check(number in fields, "%s: field %d is known" % (message, number))
        name = fields[number]
        check(wire in (0, 2), "%s.%s: wire type" % (message, name))
        value, at = varint(data, at)
        if wire == 2:
            check(at + value <= len(data), "%s.%s: length" % (message, name))
            value, at = data[at:at + value], at + value
        if name.endswith("*"):
            out.setdefault(name[:-1], []).append(value)
            continue
        check(name not in out, "%s.%s: stands there once" % (message, name))
        check(value not in (0, b""), "%s.%s: no default written out" % (message, name))
        out[name] = value
    return out


# --- The formats.

def pae(content_type, content):
    return b"DSSEv1 %d %s %d %s" % (len(content_type), content_type.encode(), len(content),
                                    content)


def leaf_hash(content_type, content):
    return sha256(b"\x00" + pae(content_type, content))


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def tree_hash(leaves):
    """MTH of RFC 6962 2.1, from the definition."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(tree_hash(leaves[:split]), tree_hash(leaves[split:]))


def root_from_path(leaf, index, size, path):
    """RFC 9162 2.1.3.2; None where the path cannot be of that size."""
    if index >= size or len(path) % 32:
        return None
    fn, sn, root = index, size - 1, leaf
    for at in range(0, len(path), 32):
        sibling = path[at:at + 32]
        if sn == 0:
            return None
        if fn % 2 or fn == sn:
            root = node_hash(sibling, root)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, sibling)
        fn, sn = fn >> 1, sn >> 1
    return root if sn == 0 else None


class OpenSsl:
    """The `openssl` command with files in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def run(self, *arguments):
        done = subprocess.run(("openssl",) + arguments, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        return done.stdout if done.returncode == 0 else None

    def verifies(self, certificate, data, signature):
        key = self.run("x509", "-in", self.write("certificate.pem", certificate.encode()),
                       "-noout", "-pubkey")
        return self.run("dgst", "-sha256", "-verify", self.write("key.pem", key), "-signature",
                        self.write("signature", signature), self.write("data", data)) is not None


class Example:
    def __init__(self, fences, openssl):
        self.fences, self.openssl = fences, openssl
        # (identity, SHA-256 of the DER) -> PEM: the directory.
        self.enrolled = {}
        for identity, name in ((DOJ, "doj-sign"), (INS, "ins-sign"), (BROKER, "broker-sign")):
            pem = fences["pem", name + "-certificate"]
            self.enrolled[identity, sha256(self.der(pem))] = pem
            self.check_certificate(identity, name, pem, "Digital Signature")

    def hex(self, name):
        return bytes.fromhex(self.fences["hex", name])

    def der(self, pem):
        return base64.b64decode("".join(pem.splitlines()[1:-1]))

    def check_certificate(self, identity, name, pem, usage):
        path = self.openssl.write("certificate.pem", pem.encode())
        text = self.openssl.run("x509", "-in", path, "-noout", "-text").decode()
        check(re.findall(r"URI:(\S+)", text) == [identity], "%s: one URI SAN" % name)
        check("X509v3 Key Usage: critical\n                %s\n" % usage in text,
              "%s: key usage" % name)
        check("NIST CURVE: P-256" in text, "%s: P-256" % name)
        key = self.openssl.write("private.pem", self.fences["pem", name + "-key"].encode())
        check(self.openssl.run("pkey", "-in", key, "-pubout") ==
              self.openssl.run("x509", "-in", path, "-noout", "-pubkey"), "%s: key fits" % name)

    def verify(self, content_type, content, signature_bytes, signer):
        """True when `signer` signed the content, alone or in a batch."""
        signature = parse("Signature", signature_bytes)
        pem = self.enrolled.get((signer, signature["certificate_sha256"]))
        if pem is None or len(signature["signature"]) > 72:
            return False
        if "batch" not in signature:
            return self.openssl.verifies(pem, pae(content_type, content), signature["signature"])
        proof = parse("BatchProof", signature["batch"])
        statement = self.statement(proof["statement"], signer)
        root = root_from_path(leaf_hash(content_type, content), proof.get("leaf_index", 0),
                              statement["size"], proof.get("path", b""))
        return root == statement["root"] and self.openssl.verifies(
            pem, pae(BATCH, proof["statement"]), signature["signature"])

    def statement(self, data, signer):
        statement = parse("BatchStatement", data)
        parse("Timestamp", statement["time"])
        check(statement["signer"].decode() == signer, "statement: signer")
        check(1 <= statement["size"] <= 1024 and len(statement["root"]) == 32, "statement: bounds")
        return statement

    def check_headers(self):
        for number, payload in ((1, b"hello, bus"), (2, self.hex("payload-2")),
                                (3, b"second note")):
            data = self.hex("header-%d" % number)
            header = parse("Header", data)
            check(header["source"].decode() == DOJ, "header %d: source" % number)
            check(header["recipients"] == [INS.encode()], "header %d: recipients" % number)
            check(header["payload_sha256"] == sha256(payload), "header %d: digest" % number)
            check(header["payload_size"] == len(payload), "header %d: size" % number)
            check(re.fullmatch(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}"
                               rb"-[0-9a-f]{12}", header["id"]), "header %d: UUIDv7" % number)
            check(self.hex("envelope-hash-%d" % number) == sha256(pae(HEADER, data)),
                  "header %d: envelope hash" % number)
        check(self.hex("header-1-pae") == pae(HEADER, self.hex("header-1")), "encoding")

    def check_single(self):
        header, signature = self.hex("header-1"), self.hex("signature-1")
        fields = parse("Signature", signature)
        check(fields["signature"] == self.hex("header-1-signature-der"), "signature: bytes")
        check(fields["certificate_sha256"] == self.hex("doj-sign-certificate-sha256"),
              "signature: certificate")
        check(self.verify(HEADER, header, signature, DOJ), "signature verifies")
        check(not self.verify(HEADER, header + b"\x00", signature, DOJ), "altered is refused")
        check(not self.verify(BATCH, header, signature, DOJ), "another type is refused")
        check(not self.verify(HEADER, header, signature, INS), "another signer is refused")

    def check_batch(self):
        leaves = [leaf_hash(HEADER, self.hex("header-%d" % i)) for i in (1, 2, 3)]
        check(leaves == [self.hex("leaf-%d" % i) for i in (1, 2, 3)], "leaf hashes")
        check(self.hex("node-12") == node_hash(*leaves[:2]), "node hash")
        check(self.hex("root") == tree_hash(leaves), "root")
        check(self.hex("statement-pae") == pae(BATCH, self.hex("statement")), "statement encoding")
        check(self.statement(self.hex("statement"), DOJ)["root"] == tree_hash(leaves),
              "statement: root")
        for i in (1, 2, 3):
            signature = self.hex("batch-signature-%d" % i)
            fields = parse("Signature", signature)
            proof = parse("BatchProof", fields["batch"])
            check(fields["signature"] == self.hex("statement-signature-der"),
                  "batch signature %d: bytes" % i)
            check(proof["statement"] == self.hex("statement"), "batch %d: statement" % i)
            check(proof["path"] == self.hex("path-%d" % i), "path %d" % i)
            check(self.verify(HEADER, self.hex("header-%d" % i), signature, DOJ),
                  "batch signature %d verifies" % i)
            check(not self.verify(HEADER, self.hex("header-%d" % (i % 3 + 1)), signature, DOJ),
                  "batch signature %d fits its own header only" % i)

    def check_case(self):
        header = parse("Header", self.hex("header-2"))
        referral = parse("ReferralHeader", header["referral"])
        check(referral["parent_commitment"] == self.hex("link-commitment") ==
              sha256(self.hex("link-salt") + self.hex("link-parent")), "link commitment")
        certificate = self.fences["pem", "ins-encrypt-certificate"]
        self.check_certificate(INS, "ins-encrypt", certificate, "Key Agreement")
        plain = self.openssl.run(
            "cms", "-decrypt", "-binary", "-inform", "DER",
            "-in", self.openssl.write("payload", self.hex("payload-2")),
            "-recip", self.openssl.write("recipient.pem", certificate.encode()),
            "-inkey", self.openssl.write("private.pem",
                                         self.fences["pem", "ins-encrypt-key"].encode()))
        check(plain == self.hex("content-2"), "payload opens")
        content = parse("CaseContent", plain)
        check(content["sender"] == header["source"], "content: sender")
        check(content["recipients"] == header["recipients"], "content: recipients")
        check(content["referral_id"] == referral["referral_id"], "content: referral")
        check(content["transition"] == referral["transition"], "content: transition")

    def check_custody(self):
        receipt = parse("CustodyReceipt", self.hex("custody-receipt"))
        header = parse("Header", self.hex("header-2"))
        check(receipt["message_id"] == header["id"], "custody: message")
        check(receipt["envelope_hash"] == self.hex("envelope-hash-2"), "custody: envelope hash")
        proof = parse("BatchProof", parse("Signature", self.hex("custody-signature"))["batch"])
        check(proof == {"statement": self.hex("custody-statement")}, "custody: index 0, no path")
        check(self.verify(CUSTODY, self.hex("custody-receipt"), self.hex("custody-signature"),
                          BROKER), "custody receipt verifies")

    def check_receipts(self):
        batch = parse("ReceiptBatch", self.hex("receipt-batch"))
        statement = self.statement(batch["statement"], INS)
        check(batch["statement"] == self.hex("receipt-statement"), "receipts: statement")
        check(batch["signature"] == self.hex("receipt-statement-signature-der"),
              "receipts: signature bytes")
        check(batch["receipts"] == [self.hex("delivery-receipt-%d" % i) for i in (1, 2, 3)],
              "receipts")
        root = tree_hash([leaf_hash(DELIVERY, receipt) for receipt in batch["receipts"]])
        check(statement["size"] == len(batch["receipts"]), "receipts: size")
        check(statement["root"] == root, "receipts: root")
        check(self.openssl.verifies(self.enrolled[INS, batch["certificate_sha256"]],
                                    pae(BATCH, batch["statement"]), batch["signature"]),
              "receipts: signature verifies")
        for i, data in enumerate(batch["receipts"], 1):
            receipt = parse("DeliveryReceipt", data)
            check(receipt["recipient"] == INS.encode(), "receipt %d: recipient" % i)
            check(receipt["envelope_hash"] == self.hex("envelope-hash-%d" % i),
                  "receipt %d: envelope hash" % i)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        fences = read_fences(file.read())
    with tempfile.TemporaryDirectory() as folder:
        example = Example(fences, OpenSsl(folder))
        example.check_headers()
        example.check_single()
        example.check_batch()
        example.check_case()
        example.check_custody()
        example.check_receipts()
    print("verify_example: %d fences, %d checks hold" % (len(fences), checks))


if __name__ == "__main__":
    main()
