"""What the rows of the mission share: officers, refusals, and a person whom INS lets stay."""
import contextlib
import datetime

import command

FBI, OVC, AG, WORKER = "agent-1101", "ovc-1201", "ag-1501", "worker-1401"
USA = "usa-1301"
INS, CHIEF, INVESTIGATOR = "adjudicator-2101", "supervisor-2103", "investigator-2201"
ORR, DIRECTOR = "orr-3101", "orr-3102"
LINE, LINE_2, ETA = "line-4101", "line-4102", "eta-4201"
CONSUL, DSS, PRM = "consul-5101", "agent-5201", "prm-5301"
USAID = "mission-6101"

WILLING = ("--statement", "SYNTHETIC. Will testify.")


def day(later_by):
    """Today in UTC, as the services count days, or a day so much later."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return today + datetime.timedelta(days=later_by)


def born(years, later_by=0):
    """The birth date of one who is `years` old in `later_by` days."""
    birthday = day(later_by)
    # One born on 29 February attains an age on 1 March of other years.
    last = 28 if (birthday.month, birthday.day) == (2, 29) else birthday.day
    return birthday.replace(year=birthday.year - years, day=last).isoformat()


class MissionTest(command.BusTest):
    """One development bus of all six agencies for the tests of one row."""

    def refuse(self, reason, citation, *words, code=command.FAILURE):
        """The command is refused by this reason and this citation; returns what it says."""
        refused = self.run_code(code, *words)
        self.assertIn("reason: %s\n" % reason, refused.err)
        self.assertIn(citation, refused.err)
        self.assertEqual(refused.out, "")
        return refused.err

    @contextlib.contextmanager
    def unchanged(self, *reads):
        """What the given verbs read is the same before and after, to the byte."""
        before = [self.ws("-o", "json", *words) for words in reads]
        yield
        after = [self.ws("-o", "json", *words) for words in reads]
        self.assertEqual(before, after)

    def await_field(self, name, value, *words):
        """Asks until the field holds `value`; returns what was shown then."""
        def asked():
            shown = self.home.run(*words)
            for line in shown.out.splitlines():
                if line.startswith(name + "  ") and value in line[len(name):]:
                    return shown.out
            return None
        return command.eventually("%s %s in %s" % (name, value, " ".join(words)), asked)

    def fields(self, name, text):
        """The values beside `name`, which stands there more than once."""
        return [line[len(name):].strip() for line in text.splitlines()
                if line.startswith(name + "  ")]

    def decided(self, *terms):
        """Two officials of INS decide a petition; returns (person, referral)."""
        referral = self.petition()
        self.ws("take-up", referral)
        self.ws("answer", referral, *terms)
        self.ws("answer", referral, "--countersign", "--as", CHIEF)
        self.await_state(referral, "answered", FBI)
        person = self.field("person", self.ws("petition", "show", referral, "--as", FBI))
        return person, referral

    def let_stay(self, *days):
        """INS grants continued presence and HHS has the notice; returns (person, presence)."""
        person, referral = self.decided("--grant", "--mechanism", "parole", *days)
        presence = self.field("presence", self.ws("petition", "show", referral, "--as", FBI))
        self.await_field("INS told", presence, "certification", "show", person)
        return person, presence

    def certification(self, *words, officer=ORR):
        return self.ws("certification", *words, "--as", officer)

    def arrived(self, referral, officer):
        """Waits until the officer's agency has the referral."""
        self.await_field("state", "received", "case", "show", referral, "--as", officer)

    def forward_home(self, referral, support="shelter"):
        """PRM takes a return up and forwards it; returns the referral that USAID has then."""
        self.ws("take-up", referral, "--as", PRM)
        onward = self.field("referral", self.ws("return-home", "forward", referral, "--as", PRM,
                                                "--support", support))
        self.arrived(onward, USAID)
        return onward
