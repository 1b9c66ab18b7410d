"""One flipped byte in the journal: the bus does not start, and nothing is touched."""
import glob
import hashlib
import os
import re
import unittest

import command
import junit


# Files that a start may write before it reads the journal.
WRITTEN = ("/log/", "/config.textproto", "/broker/projection/", "/lock")


def digests(folder):
    """{path: SHA-256} of what a refused start may not change."""
    found = {}
    for top, _, names in os.walk(folder):
        for path in (os.path.join(top, name) for name in names):
            if any(part in path for part in WRITTEN):
                continue
            with open(path, "rb") as f:
                found[path] = hashlib.file_digest(f, "sha256").hexdigest()
    return found


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 0x01]))


class TamperTest(unittest.TestCase):
    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)
        self.data = self.home.path("bus")
        dev = command.start_dev(self.home, "--data", self.data)
        self.referral = dev.text("err").split(" history ")[1].split()[0]
        self.assertEqual(dev.ctrl_c()[0], command.OK)

    # The end of what is written: segments are filled up with zeros.
    def newest_byte(self):
        for path in sorted(glob.glob(os.path.join(self.data, "broker/journal/*.wsj")),
                           reverse=True):
            with open(path, "rb") as f:
                written = f.read().rstrip(b"\0")
            if len(written) > 4096:
                return path, len(written) - 64
        raise AssertionError("no journal block in " + self.data)

    def test_flipped_byte_in_newest_block_stops_the_bus(self):
        path, at = self.newest_byte()
        flip(path, at)
        before = digests(self.data)
        refused = self.home.run("dev", "--once", "--data", self.data, timeout=60)
        self.assertNotIn(refused.code, (command.OK, command.USAGE), refused.out + refused.err)
        with open(os.path.join(self.data, "log/broker.log"), encoding="utf-8") as f:
            said = refused.err + f.read()
        self.assertIn("DATA_LOSS", said)
        self.assertRegex(refused.err, r"block \d+")
        self.assertIn(os.path.basename(path), refused.err)
        self.assertEqual(digests(self.data), before)
        self.assertEqual(command.processes_of(self.home.dir), {})

        # The byte as it was: everything is there.
        flip(path, at)
        again = command.start_dev(self.home, "--data", self.data)
        history = self.home.run("history", self.referral)
        self.assertEqual(history.code, command.OK, history.out + history.err)
        self.assertTrue(re.search(r"VERIFIED \d+", history.out), history.out)
        self.assertEqual(again.ctrl_c()[0], command.OK)


if __name__ == "__main__":
    junit.main()
