"""Points of a kill: the syncs of every process while a story is told, on either side of each.

Every effect of a service is one commit, and every commit is one sync of its store; the broker's is a
sync of the journal. So the syncs of a story are its handlers, officers' calls and messages alike.
Each is a point at which the process dies: before the sync, when nothing of the handler may remain,
and after it, when all of it must, though nobody was told.
"""
import collections
import contextlib
import os

import command

# Points of different processes share a telling.
AT_ONCE = 3

Point = collections.namedtuple("Point", "process at after")


def wanted(default):
    """How many points are tried by all shards, or "all"."""
    return os.environ.get("WAYSTATION_KILL_POINTS", str(default))


def kind(path):
    """What a file is to its process."""
    for part in ("journal", "projection"):
        if "/%s" % part in path:
            return part
    return os.path.basename(path)


class Points:
    """Which points are tried on one bus, and what came of them."""

    def __init__(self, bus, random):
        self.bus = bus
        self.random = random
        self.tried, self.hits, self.files = (collections.Counter() for _ in range(3))
        self.tellings = 0

    def _seen(self):
        return {name: process.trigger.seen for name, process in self.bus.processes.items()}

    def calm(self, tell):
        """Tells undisturbed; returns what was told and how often each process synced."""
        before = self._seen()
        told = tell()
        return told, {name: count - before[name] for name, count in self._seen().items()}

    def _pick(self, points, name):
        """Any of them; first of all the earliest sync, which every telling comes to."""
        point = points[-1] if self.tried[name] else min(points, key=lambda point: point.at)
        points.remove(point)
        return point

    def groups(self, syncs, tellings, mine=lambda point: True):
        """The points that are tried, those of one telling together; none is tried twice.

        As many groups as `tellings` says, all there are for None.
        """
        points = {name: [point for at in range(1, count + 1) for after in (False, True)
                         if mine(point := Point(name, at, after))]
                  for name, count in syncs.items()}
        for of_one in points.values():
            self.random.shuffle(of_one)
        groups = []
        while tellings is None or len(groups) < tellings:
            # The process that was tried least goes first, so that each has its turn.
            names = sorted((name for name in points if points[name]),
                           key=lambda name: (self.tried[name], self.random.random()))[:AT_ONCE]
            if not names:
                break
            groups.append([self._pick(points[name], name) for name in names])
            self.tried.update(names)
        return groups

    @contextlib.contextmanager
    def killing(self, group):
        """Each of the points kills its process in the story that is told meanwhile."""
        processes = [self.bus.processes[point.process] for point in group]
        deaths = [process.deaths for process in processes]
        for point, process in zip(group, processes):
            process.trigger.arm(point.at, point.after)
        self.tellings += 1
        try:
            yield
        finally:
            left = [process.trigger.left for process in processes]
            for process in processes:
                process.trigger.arm(0, False)
        for point, process, syncs, before in zip(group, processes, left, deaths):
            if syncs:  # It came to fewer this time.
                self.hits[point.process, "missed"] += 1
                continue
            # The trigger has fired; that the process is gone is seen a little later.
            command.eventually("the death at %s" % (point,), lambda: process.deaths > before)
            self.hits[point.process, "after" if point.after else "before"] += 1
            self.files[point.process, kind(process.trigger.file)] += 1

    def check(self, case, names, seconds):
        """Prints what was hit; each of the processes must have died."""
        for name in names:
            before, after, missed = (self.hits[name, side] for side in ("before", "after", "missed"))
            files = {file: count for (of, file), count in self.files.items() if of == name}
            print("%-6s %3d kills before a commit, %3d after, %d missed; %s" %
                  (name, before, after, missed, files))
            case.assertGreater(before + after, 0, name)
        print("%d tellings in %.1f s" % (self.tellings, seconds))
