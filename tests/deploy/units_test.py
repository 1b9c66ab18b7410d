"""Units and samples of deploy/: what they name exists, what a sample needs its unit grants."""
import collections
import os
import re
import subprocess
import unittest

import command
import junit

DEPLOY = os.path.join(command.BIN_DIR, "deploy")
UNITS = {"waystation-broker.service": ("broker", "broker.textproto"),
         "waystation-audit.service": ("audit", "audit.textproto"),
         "waystation-agency@.service": ("%i", "agency.textproto")}
PROGRAMS = "/usr/local/lib/waystation/"

# Every key that a unit here may have; a misspelt one is passed over by systemd with a warning.
KEYS = {
    "Unit": {"After", "Description", "Documentation", "StartLimitBurst", "StartLimitIntervalSec",
             "Wants"},
    "Install": {"WantedBy"},
}
SERVICE_KEYS = {"ConfigurationDirectory", "ConfigurationDirectoryMode", "ExecStart", "Group",
                "LimitNOFILE", "Restart", "RestartPreventExitStatus", "RestartSec",
                "StandardError", "StandardOutput", "StateDirectory", "StateDirectoryMode",
                "TimeoutStopSec", "Type", "User"}
HARDENING = {
    "AmbientCapabilities": [""], "CapabilityBoundingSet": [""], "DevicePolicy": ["closed"],
    "KeyringMode": ["private"], "LimitCORE": ["0"], "LockPersonality": ["yes"],
    "MemoryDenyWriteExecute": ["yes"], "MemorySwapMax": ["0"], "NoNewPrivileges": ["yes"],
    "PrivateDevices": ["yes"], "PrivateTmp": ["yes"], "ProtectClock": ["yes"],
    "ProtectControlGroups": ["yes"], "ProtectHome": ["yes"], "ProtectHostname": ["yes"],
    "ProtectKernelLogs": ["yes"], "ProtectKernelModules": ["yes"],
    "ProtectKernelTunables": ["yes"], "ProtectProc": ["invisible"], "ProtectSystem": ["strict"],
    "RemoveIPC": ["yes"], "RestrictAddressFamilies": ["AF_INET AF_INET6"],
    "RestrictNamespaces": ["yes"], "RestrictRealtime": ["yes"], "RestrictSUIDSGID": ["yes"],
    "SystemCallArchitectures": ["native"], "SystemCallErrorNumber": ["EPERM"],
    "SystemCallFilter": ["@system-service", "~@privileged @resources"], "UMask": ["0077"],
}
KEYS["Service"] = SERVICE_KEYS | set(HARDENING)

# Fields whose file or folder the service itself writes, or writes beside.
WRITTEN = {"journal_dir", "projection_dir", "audit_log_dir", "audit_log_key_path", "store_path"}


def read(*names):
    with open(os.path.join(DEPLOY, *names), encoding="utf-8") as f:
        return f.read()


def sections_of(unit):
    """{section: {key: [values]}} of a unit file."""
    found, section = {}, None
    for line in read("systemd", unit).splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1], collections.defaultdict(list))
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals and section is not None, "%s: no assignment: %s" % (unit, line)
            section[key].append(value)
    return found


def paths_of(sample):
    """{field: path} of a sample."""
    return dict(re.findall(r'^(\w+_(?:path|dir)): "([^"]*)"$', read("config", sample), re.M))


def below(path, top, folders):
    return any(path.startswith("%s/%s/" % (top, folder)) for folder in folders.split())


class UnitsTest(unittest.TestCase):
    def each(self):
        return [(unit, name, sample, sections_of(unit)) for unit, (name, sample) in UNITS.items()]

    def test_every_file_here_is_looked_at(self):
        self.assertEqual(set(os.listdir(os.path.join(DEPLOY, "systemd"))),
                         set(UNITS) | {"waystation.sysusers.conf"})

    def test_every_section_and_key_is_known_and_hardening_stands_there(self):
        for unit, _, _, sections in self.each():
            self.assertEqual(set(sections), set(KEYS), unit)
            for section, keys in sections.items():
                self.assertLessEqual(set(keys), KEYS[section], unit)
            for key, values in HARDENING.items():
                self.assertEqual(sections["Service"][key], values, "%s: %s" % (unit, key))

    def test_programs_are_built_here_and_read_the_samples_place(self):
        for unit, name, _, sections in self.each():
            (line,) = sections["Service"]["ExecStart"]
            self.assertEqual(line, "%s%s --config=/etc/waystation/%s/config.textproto"
                             % (PROGRAMS, name, name))
            built = [name] if name != "%i" else sorted(
                os.listdir(os.path.join(DEPLOY, "config/staff")))
            for program in (each.removesuffix(".textproto") for each in built):
                self.assertIn(program, command.SERVICES, unit)

    def test_every_path_of_a_sample_lies_where_its_unit_grants(self):
        for _, name, sample, sections in self.each():
            (state,) = sections["Service"]["StateDirectory"]
            (readable,) = sections["Service"]["ConfigurationDirectory"]
            paths = paths_of(sample)
            self.assertGreater(len(paths), 10, sample)
            for field, path in paths.items():
                path = path.replace("AGENCY", "%i")
                if field in WRITTEN:
                    self.assertTrue(below(path, "/var/lib", state), "%s: %s" % (field, path))
                else:
                    self.assertTrue(below(path, "/etc", readable), "%s: %s" % (field, path))
            self.assertIn("waystation/" + name, readable.split())

    def test_a_unit_restarts_but_not_on_a_refused_configuration(self):
        for unit, _, _, sections in self.each():
            service = sections["Service"]
            self.assertEqual(service["Restart"], ["always"], unit)
            self.assertGreater(int(service["LimitNOFILE"][0]), 4096)
            for target in ("network-online.target", "time-sync.target"):
                self.assertIn(target, sections["Unit"]["After"][0].split(), unit)
                self.assertIn(target, sections["Unit"]["Wants"][0].split(), unit)

    def test_every_user_of_a_unit_is_made(self):
        made = set(re.findall(r"^u (\S+) ", read("systemd/waystation.sysusers.conf"), re.M))
        self.assertEqual(made, {"waystation-" + name for name in command.SERVICES})
        for _, name, _, sections in self.each():
            self.assertEqual(sections["Service"]["User"], ["waystation-" + name])
            self.assertEqual(sections["Service"]["Group"], ["waystation-" + name])

    def test_a_refused_configuration_ends_with_the_status_that_is_not_tried_again(self):
        home = command.Home()
        self.addCleanup(home.close)
        empty = home.path("config.textproto")
        with open(empty, "w", encoding="utf-8"):
            pass
        for _, name, _, sections in self.each():
            program = "doj" if name == "%i" else name
            done = subprocess.run(
                [os.path.join(command.BIN_DIR, "services", program, program),
                 "--config=" + empty], capture_output=True, check=False, timeout=20)
            self.assertEqual([str(done.returncode)],
                             sections["Service"]["RestartPreventExitStatus"], done.stderr)


if __name__ == "__main__":
    junit.main()
