"""pki, and what doctor says about a certificate that the bus refuses."""
import os
import re
import shutil
import subprocess
import unittest

import command
import junit

AUDITOR = "spiffe://waystation.example/auditor"


class PkiTest(unittest.TestCase):
    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)

    def pki(self, code, *words):
        result = self.home.run("pki", *words)
        self.assertEqual(result.code, code, result.out + result.err)
        return result

    def issue(self, *more, identity=AUDITOR, code=command.OK):
        return self.pki(code, "issue", "ca", "--identity", identity, "--use", "tls", *more)

    def show(self):
        return self.pki(command.OK, "show", "ca/issued/auditor/tls.pem").out

    def test_init_issue_show(self):
        self.pki(command.OK, "init", "ca")
        self.issue()
        shown = self.show()
        self.assertIn(AUDITOR, shown)
        self.assertRegex(shown, r"(?m)^problems  none$")
        for key in ("ca/root-key.pem", "ca/issued/auditor/tls-key.pem"):
            self.assertEqual(os.stat(self.home.path(key)).st_mode & 0o077, 0, key)
        verified = subprocess.run(["/usr/bin/openssl", "verify", "-CAfile", "ca/root.pem",
                                   "ca/issued/auditor/tls.pem"], cwd=self.home.dir, check=False,
                                  capture_output=True, encoding="utf-8")
        self.assertEqual(verified.returncode, 0, verified.stderr)

    def test_nothing_is_replaced_unasked(self):
        self.pki(command.OK, "init", "ca")
        self.issue()
        before = self.show()
        self.assertIn("nothing was changed", self.pki(command.FAILURE, "init", "ca").err)
        self.assertIn("nothing was changed", self.issue(code=command.FAILURE).err)
        self.assertEqual(self.show(), before)
        self.issue("--force")
        self.assertNotEqual(self.show(), before)

    def test_revoked_serial_is_on_the_list(self):
        self.pki(command.OK, "init", "ca")
        serial = self.issue().out.split("serial")[1].split()[0]
        self.pki(command.OK, "revoke", "ca", serial)
        listed = subprocess.run(["/usr/bin/openssl", "crl", "-in", "ca/crl.pem", "-noout", "-text"],
                                cwd=self.home.dir, check=True, capture_output=True,
                                encoding="utf-8").stdout
        self.assertIn("Serial Number: " + serial.upper(), listed)

    def test_key_of_a_cosigner_is_new_and_bears_its_name(self):
        name = "waystation.example/cosigner/ins"
        made = self.pki(command.OK, "cosigner-key", "key.pem", "--name", name)
        # B: the first byte names a cosignature (c2sp.org/tlog-cosignature), not a log's own.
        self.assertRegex(made.out, re.escape(name) + r"\+[0-9a-f]{8}\+B")
        self.assertEqual(os.stat(self.home.path("key.pem")).st_mode & 0o077, 0)
        again = self.pki(command.FAILURE, "cosigner-key", "key.pem", "--name", name)
        self.assertIn("nothing was changed", again.err)
        self.assertIn("--name", self.pki(command.FAILURE, "cosigner-key", "other.pem", "--name",
                                         "ins+doj").err)
        self.assertFalse(os.path.exists(self.home.path("other.pem")))

    def test_genesis_names_the_certificate_that_is_missing(self):
        self.pki(command.OK, "init", "ca")
        with open(self.home.path("draft"), "w", encoding="utf-8") as f:
            f.write('directory { version: 1 trust_domain: "waystation.example" '
                    'identities { identity: "/broker/1" } }')
        words = ("genesis", "ca", "--draft", "draft", "--out", "genesis")
        refused = self.pki(command.FAILURE, *words)
        self.assertIn("issued/broker/1/sign.pem", refused.err)
        self.assertIn("/broker/1 --use sign", refused.err)
        self.assertFalse(os.path.exists(self.home.path("genesis")))
        self.pki(command.OK, "issue", "ca", "--identity", "spiffe://waystation.example/broker/1",
                 "--use", "sign")
        self.pki(command.OK, *words)
        with open(self.home.path("genesis"), encoding="utf-8") as f:
            self.assertIn('identity: "spiffe://waystation.example/broker/1"', f.read())
        self.assertIn("nothing was changed", self.pki(command.FAILURE, *words).err)

    def test_wrong_words_are_refused(self):
        self.assertIn("pki init", self.issue(code=command.NOT_FOUND).err)
        self.pki(command.OK, "init", "ca")
        self.assertIn("spiffe://", self.issue(identity="auditor", code=command.USAGE).err)
        self.assertIn("archive", self.pki(command.USAGE, "issue", "ca", "--identity", AUDITOR,
                                          "--use", "love").err)
        self.assertIn("pki show", self.pki(command.NOT_FOUND, "revoke", "ca", "00").err)


class DoctorTest(command.BusTest):
    """The auditor of a profile gets one bad certificate after the other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = os.path.join(cls.data, "pki")
        with open(os.path.join(cls.data, "profile.textproto"), encoding="utf-8") as f:
            cls.profile = f.read()
        good = os.path.join(cls.authority, "issued/auditor")
        assert good in cls.profile
        cls.good = good

    def setUp(self):
        self.bad = self.home.path("bad")
        shutil.rmtree(self.bad, ignore_errors=True)
        # What a test issues over the good certificate goes away again.
        shutil.copytree(self.good, self.bad)
        kept = self.home.path("kept")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.good, kept)
        self.addCleanup(self.put_back, kept)

    def put_back(self, kept):
        # The auditor's service watches its files: they are replaced, never written in place.
        for name in os.listdir(kept):
            new = os.path.join(self.good, name + ".new")
            shutil.copy(os.path.join(kept, name), new)
            os.replace(new, os.path.join(self.good, name))

    def issue_bad(self, *more, authority=None):
        authority = authority or self.authority
        self.ws("pki", "issue", authority, "--identity", AUDITOR, "--use", "tls", "--force", *more)
        for name in ("tls.pem", "tls-key.pem"):
            shutil.copy(os.path.join(authority, "issued/auditor", name), self.bad)

    def openssl(self, *words):
        subprocess.run(["/usr/bin/openssl", *words], cwd=self.bad, check=True, capture_output=True)

    def examine(self, *words):
        """Returns what doctor says of the auditor's certificate, and everything."""
        path = self.home.path("bad.textproto")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.profile.replace(self.good, self.bad))
        result = self.run_code(command.UNVERIFIED, "doctor", "--profile", path, *words)
        lines = result.out.splitlines()
        for i, line in enumerate(lines):
            if line.startswith("FAIL  certificate of auditor: "):
                self.assertIn("fix: tools/ws pki issue %s --identity %s --use tls --force"
                              % (self.authority, AUDITOR), lines[i + 1])
                return line, result.out
        raise AssertionError("the auditor's certificate passed:\n" + result.out)

    def refused_by_broker(self, reason):
        line, out = self.examine()
        self.assertIn("FAIL  directory: the broker refused %s: %s" % (AUDITOR, reason), out)
        return line

    def test_expired(self):
        self.issue_bad("--days", "0")
        self.assertIn("expired", self.refused_by_broker("CERTIFICATE_EXPIRED"))

    def test_revoked(self):
        self.issue_bad()
        shown = self.ws("pki", "show", os.path.join(self.bad, "tls.pem"))
        self.ws("pki", "revoke", self.authority, self.field("serial", shown))
        # The broker reads the new list within seconds.
        def refused():
            line, out = self.examine()
            self.assertIn("REVOKED", line)
            return "the broker refused %s: CERTIFICATE_REVOKED" % AUDITOR in out
        command.eventually("refusal by the broker", refused)

    def test_wrong_authority(self):
        other = self.home.path("other")
        if not os.path.exists(other):
            self.ws("pki", "init", other)
        self.issue_bad(authority=other)
        self.assertIn("UNTRUSTED_ISSUER", self.refused_by_broker("CERTIFICATE_UNTRUSTED"))

    def test_two_names(self):
        self.issue_bad("--also-identity", "spiffe://waystation.example/operator")
        self.assertIn("URI SANs: 2, want exactly one SPIFFE ID",
                      self.refused_by_broker("IDENTITY_AMBIGUOUS"))

    def test_no_name(self):
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", "tls-key.pem", "-subj", "/CN=auditor", "-out",
                     "request.pem")
        with open(os.path.join(self.bad, "extensions"), "w", encoding="utf-8") as f:
            f.write("keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
                    "basicConstraints=critical,CA:FALSE\n")
        self.openssl("x509", "-req", "-in", "request.pem", "-days", "20", "-set_serial", "77",
                     "-CA", os.path.join(self.authority, "root.pem"), "-CAkey",
                     os.path.join(self.authority, "root-key.pem"), "-extfile", "extensions",
                     "-out", "tls.pem")
        self.assertIn("URI SANs: 0, want exactly one SPIFFE ID",
                      self.refused_by_broker("IDENTITY_MISSING"))

    def test_name_of_somebody_else(self):
        self.ws("pki", "issue", self.authority, "--identity",
                "spiffe://waystation.example/stranger", "--use", "tls", "--force")
        for name in ("tls.pem", "tls-key.pem"):
            shutil.copy(os.path.join(self.authority, "issued/stranger", name), self.bad)
        self.assertIn("identity is spiffe://waystation.example/stranger, want " + AUDITOR,
                      self.examine("--offline")[0])

    def test_key_that_others_may_read(self):
        key = os.path.join(self.bad, "tls-key.pem")
        os.chmod(key, 0o644)
        path = self.home.path("bad.textproto")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.profile.replace(self.good, self.bad))
        result = self.run_code(command.UNVERIFIED, "doctor", "--offline", "--profile", path)
        self.assertIn("FAIL  key of auditor: others may read " + key, result.out)
        self.assertIn("fix: chmod 600 " + key, result.out)


if __name__ == "__main__":
    junit.main()
