"""waystation dev: ready in time, stops in time, leaves nothing, and says why it failed."""
import os
import re
import shutil
import signal
import socket
import time
import unittest

import command
import junit

LINES_MAX = 15
FIRST_MESSAGE_SECONDS = 5.0
STOP_SECONDS = 3.0
# A child that dies with its parent is gone when the kernel has run it once more.
DEATH_SECONDS = 3.0


class DevTest(unittest.TestCase):
    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)

    def start(self, *words, **env):
        dev = command.start_dev(self.home, *words, **env)
        self.addCleanup(dev.kill)
        return dev

    def assert_nothing_left(self):
        command.eventually("an end of every process",
                           lambda: not command.processes_of(self.home.dir), DEATH_SECONDS)

    def throwaway(self):
        return [name for name in os.listdir(self.home.dir) if name.startswith("waystation-dev-")]

    def bus_id(self, data):
        with open(os.path.join(data, "genesis.textproto"), encoding="utf-8") as f:
            return re.search(r"^bus_id: (.*)$", f.read(), re.MULTILINE).group(1)

    def test_first_message_comes_in_time_in_few_lines(self):
        dev = self.start()
        self.assertLess(dev.await_line("first message"), FIRST_MESSAGE_SECONDS)
        self.assertLessEqual(len(dev.lines), LINES_MAX, dev.text())
        self.assertIn("SYNTHETIC", dev.text("err"))
        self.assertNotIn("\x1b", dev.text())
        self.assertEqual(len(command.processes_of(self.home.dir)), len(command.SERVICES))

    def test_commands_that_it_proposes_work(self):
        dev = self.start()
        proposed = [line.split()[1:] for _, name, line in dev.lines
                    if name == "err" and line.startswith("  tools/ws ")]
        self.assertEqual(len(proposed), 3, dev.text())
        for words in proposed:
            result = self.home.run(*words)
            self.assertEqual(result.code, command.OK, result.err)
            self.assertTrue(result.out)

    def test_ctrl_c_stops_everything_in_time(self):
        dev = self.start()
        code, seconds = dev.ctrl_c()
        self.assertEqual(code, command.OK, dev.text())
        self.assertLess(seconds, STOP_SECONDS)
        self.assertEqual(command.processes_of(self.home.dir), {})
        self.assertEqual(self.throwaway(), [])
        self.assertIn("stopped in", dev.text("err"))
        gone = self.home.run("status")
        self.assertEqual(gone.code, command.FAILURE, gone.err)
        self.assertIn("tools/ws dev", gone.err)

    def test_ctrl_c_while_it_starts_stops_everything(self):
        dev = command.Running(self.home, "dev")
        self.addCleanup(dev.kill)
        dev.service("broker")
        code, seconds = dev.ctrl_c()
        self.assertEqual(code, command.OK, dev.text())
        self.assertLess(seconds, STOP_SECONDS)
        self.assertEqual(command.processes_of(self.home.dir), {})
        self.assertEqual(self.throwaway(), [])

    def test_killed_command_takes_its_services_along(self):
        dev = self.start()
        self.assertEqual(len(command.processes_of(self.home.dir)), len(command.SERVICES))
        dev.process.send_signal(signal.SIGKILL)
        dev.wait()
        self.assert_nothing_left()

    def test_killed_broker_is_told_at_once(self):
        data = self.home.path("bus")
        dev = self.start("--data", data)
        begin = time.monotonic()
        os.kill(dev.service("broker"), signal.SIGKILL)
        self.assertEqual(dev.wait(), command.FAILURE, dev.text())
        self.assertLess(time.monotonic() - begin, STOP_SECONDS)
        self.assertIn("broker: ended by itself, killed by signal 9", dev.text("err"))
        self.assertIn(os.path.join(data, "log/broker.log"), dev.text("err"))
        self.assert_nothing_left()
        # What the profile of that bus tells those who still use it.
        profile = os.path.join(data, "profile.textproto")
        status = self.home.run("status", "--profile", profile)
        self.assertEqual(status.code, command.UNREACHABLE, status.err)
        self.assertIn("tools/ws doctor", status.err)
        doctor = self.home.run("doctor", "--profile", profile)
        self.assertEqual(doctor.code, command.UNVERIFIED, doctor.err)
        self.assertRegex(doctor.out, r"FAIL  broker at 127\.0\.0\.1:\d+: ")
        self.assertIn("nothing listens at", doctor.out)

    def test_taken_port_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            refused = self.home.run("dev", "--once", "--broker-port", str(port))
        self.assertEqual(refused.code, command.FAILURE, refused.out + refused.err)
        self.assertIn("127.0.0.1:%d" % port, refused.err)
        self.assertEqual(command.processes_of(self.home.dir), {})

    def test_missing_program_is_named_with_the_way_to_build_it(self):
        bin_dir = self.home.path("bin")
        for name in ("broker", "audit", "doj"):
            place = os.path.join(bin_dir, "services", name)
            os.makedirs(place)
            shutil.copy(os.path.join(command.BIN_DIR, "services", name, name), place)
        refused = self.home.run("dev", "--once", WAYSTATION_BIN_DIR=bin_dir)
        self.assertEqual(refused.code, command.NOT_FOUND, refused.out + refused.err)
        self.assertIn(os.path.join(bin_dir, "services/ins/ins"), refused.err)
        self.assertIn("tools/ws dev", refused.err)
        self.assertEqual(command.processes_of(self.home.dir), {})

    def test_data_folder_keeps_bus_and_referral(self):
        data = self.home.path("bus")
        first = self.start("--data", data)
        referral = first.text("err").split(" history ")[1].split()[0]
        bus_id = self.bus_id(data)
        self.assertEqual(first.ctrl_c()[0], command.OK)
        second = self.start("--data", data)
        self.assertEqual(self.bus_id(data), bus_id)
        history = self.home.run("history", referral)
        self.assertEqual(history.code, command.OK, history.err)
        self.assertIn("VERIFIED", history.out)
        self.assertIn("epoch 2", self.home.run("status").out)
        shown = self.home.run("petition", "show", referral, "--as", "adjudicator-2101")
        self.assertEqual(shown.code, command.OK, shown.err)
        self.assertEqual(second.ctrl_c()[0], command.OK)

    def test_second_bus_in_the_same_folder_is_refused(self):
        data = self.home.path("bus")
        self.start("--data", data)
        refused = self.home.run("dev", "--once", "--data", data)
        self.assertEqual(refused.code, command.FAILURE, refused.err)
        self.assertIn("a bus runs in this folder already", refused.err)
        self.assertEqual(self.home.run("status").code, command.OK)


if __name__ == "__main__":
    junit.main()
