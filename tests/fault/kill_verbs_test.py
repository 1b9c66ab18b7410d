"""kill -9 inside the handlers of the verbs that no scene of the demo uses.

Each chore (chores.py) is told once undisturbed, then on people of its own while processes die. Whoever
typed a command repeats it under its request_id while nobody answers, and in the end every side shows
what it shows when nobody dies.
"""
import glob
import os
import random
import re
import time
import unittest

import chores
import junit
import kill_points
import story

POINTS = kill_points.wanted(120)
SOURCES = os.environ.get("WAYSTATION_SOURCE_DIR", os.getcwd())

# What neither a scene nor a chore calls, and why.
NOT_CALLED = {
    "ConfirmAnswer": "no procedure of CaseworkService wants two officials; ConfirmDecision does",
    "ReportConflict": "a broker with two histories is needed: //tests/audit:split_view_test",
    "RedriveDeadLetters": "on the bus of a story no message dies: //tests/e2e:dead_letter_verbs_test",
    "Publish": "the services', who publish by StreamingPublish",
    "StreamingPublish": "the services' own, in every scene and chore",
    "StreamingPull": "the services' own, in every scene and chore",
    "Cosign": "the services' own, once a second",
}
# Steps that no officer takes by StepReferral.
NOT_STEPPED = {
    "UNSPECIFIED": "none",
    "REQUEST": "OpenReferral",
    "ANSWER": "ProposeAnswer",
    "CHANGE_SCOPE": "ChangeConsent",
    "ASK_TO_CANCEL": "CANCEL, once the target has it",
    "RECEIVED": "made by a receipt",
    "EXPIRE": "made by the broker when a time has passed",
}


def read(*patterns):
    """The text of the sources that match."""
    paths = [path for pattern in patterns for path in glob.glob(os.path.join(SOURCES, pattern))]
    assert paths, patterns
    text = []
    for path in sorted(paths):
        with open(path, encoding="utf-8") as f:
            text.append(f.read())
    return "\n".join(text)


class ListTest(unittest.TestCase):
    """Nothing that changes something is left out: told by the protos and the scenes' sources."""

    @classmethod
    def setUpClass(cls):
        cls.protos = read("protos/waystation/*/v1/*.proto")
        cls.scenes = read("tools/waystation/scenes/*.cc")

    def check(self, wanted, of_scenes, of_chores, reasons):
        """Each that is wanted is used, or is not used for a reason; and there is no other."""
        self.assertEqual(wanted - of_scenes - of_chores - reasons.keys(), set())
        self.assertEqual(of_chores - wanted, set())
        self.assertEqual(reasons.keys() - wanted, set())
        self.assertEqual(reasons.keys() & (of_scenes | of_chores), set())

    def test_every_rpc_that_changes_something_is_called(self):
        rpcs = re.findall(r"^  rpc (\w+)\(", self.protos, re.MULTILINE)
        self.assertGreater(len(rpcs), 80)
        changing = {rpc for rpc in rpcs if not re.match("Get|List|Tail", rpc)}
        of_chores = {rpc for chore in chores.CHORES for rpc in chore.rpcs}
        of_scenes = set(re.findall(r"Service::Stub::(\w+)", self.scenes)) & changing
        self.check(changing, of_scenes, of_chores, NOT_CALLED)

    def test_every_step_is_taken(self):
        steps = set(re.findall(r"^  TRANSITION_(\w+) = ", self.protos, re.MULTILINE))
        of_scenes = set(re.findall(r"set_transition\(types::v1::TRANSITION_(\w+)\)", self.scenes))
        of_chores = {step for chore in chores.CHORES for step in chore.steps}
        self.check(steps, of_scenes, of_chores, NOT_STEPPED)


class KillVerbsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.bus = story.Bus()
        cls.addClassCleanup(cls.bus.close)
        cls.desk = chores.Desk(cls.bus)
        cls.points = kill_points.Points(cls.bus, random.Random(story.seed()))
        index, cls.shards = story.shard()
        cls.chores = chores.CHORES[index::cls.shards]

    def tellings(self):
        """How often each chore is told to die in, None for as often as there are points."""
        if POINTS == "all":
            return None
        return -(-int(POINTS) // (kill_points.AT_ONCE * len(chores.CHORES)))

    def begun(self, chore):
        """The chore with all that is set up for it, at rest."""
        telling = chore.tell(self.desk)
        next(telling)
        self.bus.check_rest()
        return telling

    def done(self, telling):
        """Tells the rest; returns what is to be shown."""
        try:
            next(telling)
        except StopIteration as end:
            return end.value
        raise AssertionError("a chore with a second yield")

    def rested(self, telling):
        shown = self.done(telling)
        self.bus.check_rest()
        return shown

    def calm(self, chore):
        """What is shown when nobody dies, and how often each process synced for it."""
        telling = self.begun(chore)
        shown, syncs = self.points.calm(lambda: self.rested(telling))
        shown.told(self.bus)  # What is shown for the first time is marked as read.
        return shown.told(self.bus), syncs

    def of_chore(self, syncs):
        """Those of the processes that take part: whoever has none of it cosigns, and no more."""
        idle = min(syncs.values())
        return {name: count for name, count in syncs.items() if count > idle}

    def test_chores_end_as_if_nobody_had_died(self):
        begin = time.monotonic()
        for chore in self.chores:
            name = chore.tell.__name__
            calm, syncs = self.calm(chore)
            print("%s: syncs %s" % (name, syncs), flush=True)
            for group in self.points.groups(self.of_chore(syncs), self.tellings()):
                with self.subTest(chore=name, points=group):
                    telling = self.begun(chore)
                    with self.points.killing(group):
                        told = story.await_same(self.done(telling), self.bus, calm)
                    self.assertEqual(told, calm)
        self.points.check(self, [name for name in self.bus.processes if self.points.tried[name]],
                          time.monotonic() - begin)


if __name__ == "__main__":
    junit.main()
