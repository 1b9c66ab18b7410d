"""Two verifiers say the same of one directory of evidence, good or bad."""
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import command
import junit
import verify_evidence

MAKE = os.path.join(os.getcwd(), "tools/waystation/evidence/make_evidence")
# What the directory only claims; the verifier brings its own.
CLAIMS = ("roots.pem", "log-policy")


def read_tree(folder):
    """{path: bytes} without the manifest."""
    files = {}
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            with open(path, "rb") as f:
                files[os.path.relpath(path, folder)] = f.read()
    return {path: files[path] for path in sorted(files) if path != "manifest.json"}


class VerdictsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = command.Home()
        cls.addClassCleanup(cls.home.close)
        cls.made = cls.home.path("made")
        subprocess.run([MAKE, cls.made], check=True, timeout=60)
        cls.one = read_tree(os.path.join(cls.made, "one"))
        cls.two = read_tree(os.path.join(cls.made, "two"))

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.home.dir)
        self.addCleanup(shutil.rmtree, self.folder)
        self.dir = os.path.join(self.folder, "evidence")
        shutil.copytree(os.path.join(self.made, "one"), self.dir)

    def put(self, path, data):
        path = os.path.join(self.dir, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)

    def manifest(self, change=None):
        """Makes the manifest anew as a forger would, who lists what is there."""
        path = os.path.join(self.dir, "manifest.json")
        with open(path, encoding="utf-8") as f:
            manifest = json.load(f)
        manifest["files"] = [{"path": name, "sha256": hashlib.sha256(data).hexdigest()}
                             for name, data in read_tree(self.dir).items()]
        if change:
            change(manifest)
        self.put("manifest.json", json.dumps(manifest).encode())

    def believe(self, name):
        return os.path.join(self.made, name)

    def ours(self):
        return self.home.run("evidence", "verify", self.dir, "--roots", self.believe("roots.pem"),
                             "--policy", self.believe("log-policy"))

    def theirs(self):
        """"" or what does not hold."""
        with open(self.believe("roots.pem"), "rb") as f:
            roots = f.read()
        with open(self.believe("log-policy"), "rb") as f:
            policy = f.read()
        try:
            verify_evidence.verify(self.dir, roots, policy)
        except verify_evidence.Refused as refused:
            return str(refused)
        return ""

    def assert_good(self):
        ours = self.ours()
        self.assertEqual(ours.code, command.OK, ours.out + ours.err)
        self.assertEqual(self.theirs(), "")
        return ours

    def assert_bad(self, *named):
        """Both refuse, and each names one of `named`."""
        ours, theirs = self.ours(), self.theirs()
        self.assertEqual(ours.code, command.UNVERIFIED, ours.out + ours.err)
        self.assertTrue(theirs, "the second verifier found nothing")
        for said in (ours.err, theirs):
            self.assertTrue(any(name in said for name in named), "%s in %s" % (named, said))

    def restore(self, path):
        self.put(path, self.one[path])
        self.manifest()

    def test_both_take_good_evidence(self):
        ours = self.assert_good()
        self.assertEqual(ours.out.count("verified"), 6, ours.out)
        self.assertIn("cosigned by doj", ours.err)
        self.assertIn("believed: roots " + self.believe("roots.pem"), ours.err)

    def test_both_take_an_expiry_that_the_requester_signed(self):
        shutil.rmtree(self.dir)
        shutil.copytree(os.path.join(self.made, "expired"), self.dir)
        self.assertIn("expired", self.assert_good().out)
        self.manifest(lambda manifest: manifest["expired"].update(time_us="1"))
        self.assert_bad("manifest.json")

    def test_the_second_verifier_runs_by_itself(self):
        done = subprocess.run(["/usr/bin/python3", "-I", verify_evidence.__file__, self.dir,
                               "--roots", self.believe("roots.pem"), "--policy",
                               self.believe("log-policy")], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.endswith("verified\n"), done.stdout)

    def test_every_file_with_one_bit_flipped_is_named(self):
        for path, data in self.one.items():
            with self.subTest(path=path):
                self.put(path, data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
                self.assert_bad(path)
                self.restore(path)

    def test_every_flipped_bit_that_the_manifest_confirms_is_found(self):
        for path, data in self.one.items():
            if path in CLAIMS:
                continue
            with self.subTest(path=path):
                middle = len(data) // 2
                self.put(path, data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:])
                self.manifest()
                # A certificate or list that is none shows where it is used.
                self.assert_bad(os.path.dirname(path) or path, "certificate", "crl")
                self.restore(path)

    def test_every_file_of_another_referral_is_named(self):
        for path, other in zip(self.one, self.two):
            if self.one[path] == self.two[other]:
                continue
            with self.subTest(path=path):
                self.put(path, self.two[other])
                self.assert_bad(path[:60])
                self.manifest()
                # Another list that the same roots have signed is as good.
                if path != "crl.pem":
                    self.assert_bad(os.path.dirname(path))
                self.restore(path)

    def test_every_missing_file_is_named(self):
        for path in self.one:
            with self.subTest(path=path):
                os.unlink(os.path.join(self.dir, path))
                # A long name is cut in an error.
                self.assert_bad(path[:60])
                self.restore(path)

    def test_a_file_too_many_is_named(self):
        self.put("records/000000000002/note.txt", b"x")
        self.assert_bad("note.txt")
        self.manifest()
        self.assert_bad("note.txt")

    def test_a_message_left_out_is_found(self):
        folders = sorted({os.path.dirname(path) for path in self.one if path.endswith("header.bin")})
        shutil.rmtree(os.path.join(self.dir, folders[1]))
        self.manifest()
        # What comes next has nothing before it: a receipt, or the next step.
        self.assert_bad("records/")

    def test_another_format_is_refused(self):
        self.manifest(lambda manifest: manifest.update(format="waystation-evidence/2"))
        self.assert_bad("manifest.json")

    def test_another_bus_and_another_broker_are_refused(self):
        with open(os.path.join(self.dir, "manifest.json"), encoding="utf-8") as f:
            broker = json.load(f)["broker"]
        self.manifest(lambda manifest: manifest.update(bus_id="0" * 32))
        self.assert_bad("custody-receipt.bin")
        self.manifest(lambda manifest: manifest.update(
            bus_id=b"b".hex() * 16, broker=broker.replace("broker/1", "agency/doj")))
        self.assert_bad("manifest.json")

    def test_a_checkpoint_below_the_quorum_is_refused(self):
        note = self.one["checkpoint"]
        self.put("checkpoint", note[:note.rindex("\u2014".encode())])
        self.manifest()
        self.assert_bad("checkpoint")

    def test_nothing_is_believed_of_the_directory_itself(self):
        refused = self.home.run("evidence", "verify", self.dir)
        self.assertEqual(refused.code, command.USAGE, refused.err)
        self.assertIn("--trust-directory", refused.err)
        told = self.home.run("evidence", "verify", self.dir, "--trust-directory")
        self.assertEqual(told.code, command.OK, told.err)
        self.assertIn("which nobody vouches for", told.err)

    def test_json_names_every_problem(self):
        path = next(path for path in self.one if path.endswith("salt.bin"))
        self.put(path, bytes(16))
        self.manifest()
        said = self.home.run("-o", "json", "evidence", "verify", self.dir, "--trust-directory")
        self.assertEqual(said.code, command.UNVERIFIED, said.err)
        report = json.loads(said.out)
        self.assertTrue(any(os.path.dirname(path) in one for one in report["problems"]), report)
        self.assertEqual([row["verified"] for row in report["rows"]].count(False), 1)


if __name__ == "__main__":
    junit.main()
