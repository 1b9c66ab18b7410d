"""Evidence and the whole record of a bus that runs, and of damaged copies of it."""
import glob
import os
import re
import shutil
import subprocess
import unittest

import command
import junit
import verify_evidence

MAKE_LOG = os.path.join(os.getcwd(), "tests/bench/make_log_folder")


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 0x01]))


class BusTest(command.BusTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = os.path.join(cls.data, "audit-log-policy")

    def export(self, referral, *words):
        """Asks until the log has it all: what was cosigned a moment ago is behind."""
        out = self.home.path("evidence-of-" + referral)
        shutil.rmtree(out, ignore_errors=True)
        self.run_code(command.OK, "--timeout", "20s", "evidence", "export", referral, "--out", out,
                      *words)
        return out

    def copy(self):
        """A copy of the broker's folder, at rest."""
        copy = self.home.path("copy")

        # Files of a bus that writes are copied one after another, and may not fit.
        def fits():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(os.path.join(self.data, "broker"), copy,
                            ignore=shutil.ignore_patterns("projection"))
            return self.home.run("audit", "verify", "--data", copy).code == command.OK
        command.eventually("a copy at rest", fits)
        return copy

    def second_verdict(self, directory):
        with open(self.policy, "rb") as f:
            policy = f.read()
        with open(os.path.join(directory, "roots.pem"), "rb") as f:
            roots = f.read()
        return verify_evidence.verify(directory, roots, policy)

    def test_exported_evidence_is_verified_by_both(self):
        directory = self.export(self.first)
        out = self.ws("evidence", "verify", directory)
        self.assertIn("request", out)
        self.assertNotIn("FAILED", out)
        self.assertTrue(self.second_verdict(directory)[-1].startswith("checkpoint: "))

    def test_evidence_holds_nothing_of_another_referral(self):
        other = self.petition()
        directory = self.export(self.first)
        for path in glob.glob(directory + "/**", recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    data = f.read()
                self.assertNotIn(bytes.fromhex(other), data, path)
                self.assertNotIn(other.encode(), data, path)

    def test_evidence_is_never_written_over(self):
        directory = self.export(self.first)
        again = self.run_code(command.FAILURE, "--timeout", "20s", "evidence", "export", self.first,
                              "--out", directory)
        self.assertIn("exists already", again.err)

    def test_evidence_of_no_referral(self):
        self.run_code(command.NOT_FOUND, "evidence", "export", "0" * 32)

    def test_the_running_bus_is_verified_with_its_quorum(self):
        out = self.ws("--timeout", "20s", "audit", "verify", "--signatures")
        self.assertIn("VERIFIED", self.field("verdict", out))
        self.assertIn("auditor", self.field("cosigned", out))
        self.assertGreater(int(self.field("signatures", out).split(",")[0]), 0)

    def test_a_copy_is_verified_and_not_touched(self):
        copy = self.copy()
        before = command.contents(copy)
        self.assertGreater(len(before), 3)
        self.assertIn("VERIFIED", self.ws("audit", "verify", "--data", copy))
        self.assertIn("VERIFIED", self.ws("audit", "verify", "--data", copy, "--signatures"))
        self.assertEqual(command.contents(copy), before)

    def refuse(self, data, *named, words=()):
        """Verifies a damaged folder: that fails, names what is wrong, and changes nothing."""
        before = command.contents(data)
        refused = self.run_code(command.UNVERIFIED, "audit", "verify", "--data", data, *words)
        for name in named:
            self.assertIn(name, refused.err)
        self.assertEqual(command.contents(data), before)
        return refused.err

    def test_a_flipped_byte_of_the_journal_is_named(self):
        copy = self.copy()
        path = sorted(glob.glob(copy + "/journal/*.wsj"))[0]
        with open(path, "rb") as f:
            written = len(f.read().rstrip(b"\0"))
        flip(path, written - 64)
        err = self.refuse(copy, os.path.basename(path))
        self.assertRegex(err, r"block \d+: byte offset \d+: records? \d+")

    def test_the_log_files_of_a_stopped_bus_are_held_against_its_journal(self):
        # A home of its own: the profile of the bus that runs stays the one that is found.
        home = command.Home()
        self.addCleanup(home.close)
        data = home.path("stopped")
        dev = command.start_dev(home, "--data", data)
        command.eventually("a checkpoint", lambda: os.path.exists(
            os.path.join(data, "broker/audit-log/checkpoint")))
        self.assertEqual(dev.ctrl_c()[0], command.OK)
        profile = os.path.join(data, "profile.textproto")
        broker = os.path.join(data, "broker")
        verify = ("audit", "verify", "--data", broker, "--profile", profile)
        self.ws(*verify)
        # A stop leaves no checkpoint between journal and file.
        (report,) = self.json(*verify)
        self.assertEqual(report["published_size"], report["checkpoint"]["size"])

        def refuse(named):
            self.refuse(broker, named, words=("--profile", profile))
        for path in sorted(glob.glob(broker + "/audit-log/tile/**", recursive=True)):
            if not os.path.isfile(path):
                continue
            name = os.path.relpath(path, broker + "/audit-log")
            flip(path, 40)
            refuse(name)
            flip(path, 40)
            size = os.path.getsize(path)
            with open(path, "rb") as f:
                whole = f.read()
            os.truncate(path, size - 1)
            refuse(name)
            with open(path, "wb") as f:
                f.write(whole)
        self.ws(*verify)

    def test_a_checkpoint_that_is_not_the_logs_is_refused(self):
        copy = self.copy()
        path = os.path.join(copy, "audit-log/checkpoint")
        with open(path, "rb") as f:
            note = f.read()
        lines = note.split(b"\n")
        self.assertGreater(int(lines[1]), 1)
        lines[1] = b"1"
        with open(path, "wb") as f:
            f.write(b"\n".join(lines))
        self.refuse(copy, "checkpoint")

    def test_a_checkpoint_that_was_rolled_back_is_named(self):
        path = os.path.join(self.data, "broker/audit-log/checkpoint")

        def newest():
            with open(path, "rb") as f:
                return f.read()
        former = newest()
        # One step back may be a kill, see tools/waystation/audit/log_check.h; two are not.
        for _ in range(2):
            before = newest()
            self.petition()
            command.eventually("the next checkpoint", lambda last=before: newest() != last)
        copy = self.copy()
        with open(os.path.join(copy, "audit-log/checkpoint"), "wb") as f:
            f.write(former)
        self.refuse(copy, "file checkpoint: rolled back")

    def test_an_older_copy_is_caught_by_a_newer_checkpoint(self):
        copy = self.copy()
        newer = self.export(self.petition())
        self.refuse(copy, "not a checkpoint of this journal",
                    words=("--checkpoint", os.path.join(newer, "checkpoint")))

    def test_a_folder_without_a_journal(self):
        self.run_code(command.NOT_FOUND, "audit", "verify", "--data", self.home.dir)


class LargeFolderTest(unittest.TestCase):
    """A folder of more records than a bus makes in a moment."""

    RECORDS = 5000

    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)
        made = self.home.path("made")
        subprocess.run([MAKE_LOG, made, str(self.RECORDS)], check=True, timeout=60)
        self.broker = os.path.join(made, "broker")
        self.verify = ("audit", "verify", "--data", self.broker, "--policy",
                       os.path.join(made, "log-policy"))

    def test_progress_is_shown_on_a_terminal_and_never_in_a_pipe(self):
        before = command.contents(self.broker)
        code, shown = self.home.run_on_terminal(*self.verify, TERM="xterm")
        self.assertEqual(code, command.OK, shown)
        # One line, written over and taken away before the verdict.
        told = re.search(r"\rverified: (\d+) records, \d+ a second", shown)
        self.assertTrue(told, shown)
        self.assertLessEqual(int(told.group(1)), self.RECORDS)
        progress, verdict = shown.rsplit("\r\x1b[K", 1)
        self.assertNotIn("VERIFIED", progress)
        self.assertIn("VERIFIED", verdict)
        self.assertNotIn("verified: ", verdict)
        piped = self.home.run(*self.verify, TERM="xterm")
        self.assertEqual(piped.code, command.OK, piped.err)
        self.assertIn("VERIFIED", piped.out)
        self.assertEqual(piped.err, "")
        for mark in ("\r", "\x1b", "verified: "):
            self.assertNotIn(mark, piped.out)
        self.assertEqual(command.contents(self.broker), before)

    def test_a_tile_that_was_published_and_is_gone_is_named(self):
        path = os.path.join(self.broker, "audit-log/tile/0/003")
        os.remove(path)
        refused = self.home.run(*self.verify)
        self.assertEqual(refused.code, command.UNVERIFIED, refused.out)
        self.assertIn("tile/0/003: missing", refused.err)


if __name__ == "__main__":
    junit.main()
